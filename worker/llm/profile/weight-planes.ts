/** What a kernel reads when it is bound to a plane of a weight matrix. */
export interface WeightPlane {
  /** Weights whose codes lie in this plane; 0 for planes of scales, so that a matrix is counted once. */
  readonly weights: number;
  readonly rows: number;
  readonly sizeBytes: number;
}

const planes = new WeakMap<GPUBuffer, WeightPlane>();

/** Remembers, at load time, what a slice's buffers hold: the codes first, then whatever else the format has. */
export function noteWeightPlanes(
  buffers: readonly (GPUBuffer | undefined)[],
  shape: { readonly rows: number; readonly columns: number },
): void {
  for (const [index, buffer] of buffers.entries()) {
    if (buffer === undefined) continue;
    const weights = index === 0 ? shape.rows * shape.columns : 0;
    planes.set(buffer, { weights, rows: shape.rows, sizeBytes: buffer.size });
  }
}

export function weightPlaneOf(buffer: GPUBuffer): WeightPlane | undefined {
  return planes.get(buffer);
}
