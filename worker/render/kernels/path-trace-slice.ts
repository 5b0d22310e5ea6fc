/** One dispatch: rows and samples of a tile. Pixels and rows count from the top left of the image and of the tile. */
export interface PathTraceSlice {
  readonly tileX: number;
  readonly tileY: number;
  readonly tileWidth: number;
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstSample: number;
  readonly sampleCount: number;
  /** Adds to the film what earlier slices left there; otherwise it starts from zero. */
  readonly continues: boolean;
}

export interface PathTraceKernel {
  /** Names the film that `run` writes: 16 bytes per pixel of a tile, row-major. Call again when the buffer changes. */
  bindFilm(film: GPUBuffer): void;
  /** Sets what the next `run` renders. Takes effect at the next submit, so submit each slice before the next one. */
  setSlice(slice: PathTraceSlice): void;
  run(encoder: GPUCommandEncoder): void;
  destroy(): void;
}

export const sliceBytes = 32;

export function createSliceBuffer(device: GPUDevice, label: string): GPUBuffer {
  // UNIFORM 0x40 | COPY_DST 0x8.
  return device.createBuffer({ label, size: sliceBytes, usage: 0x40 | 0x08 });
}

/** Writes a slice as `shaders/render/slice.wgsl` reads it. */
export function writeSlice(device: GPUDevice, buffer: GPUBuffer, slice: PathTraceSlice): void {
  const words = new Uint32Array(sliceBytes / 4);
  words.set([slice.tileX, slice.tileY, slice.tileWidth, slice.firstRow, slice.endRow]);
  words.set([slice.firstSample, slice.sampleCount, slice.continues ? 1 : 0], 5);
  device.queue.writeBuffer(buffer, 0, words);
}
