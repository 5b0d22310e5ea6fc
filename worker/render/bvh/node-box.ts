/** Boxes in flat arrays: minimum x y z, maximum x y z at an offset. */
export type BoxArray = Float32Array | Float64Array;

/** A box that holds nothing: whatever grows it replaces it. */
export function resetBox(box: BoxArray, offset: number): void {
  box[offset] = Infinity;
  box[offset + 1] = Infinity;
  box[offset + 2] = Infinity;
  box[offset + 3] = -Infinity;
  box[offset + 4] = -Infinity;
  box[offset + 5] = -Infinity;
}

export function growBox(target: BoxArray, offset: number, source: BoxArray, sourceOffset: number): void {
  for (let axis = 0; axis < 3; axis += 1) {
    const low = source[sourceOffset + axis] as number;
    const high = source[sourceOffset + 3 + axis] as number;
    if (low < (target[offset + axis] as number)) target[offset + axis] = low;
    if (high > (target[offset + 3 + axis] as number)) target[offset + 3 + axis] = high;
  }
}

/** Half the surface of a box; 0 for one that holds nothing. */
export function halfArea(box: BoxArray, offset: number): number {
  const x = (box[offset + 3] as number) - (box[offset] as number);
  const y = (box[offset + 4] as number) - (box[offset + 1] as number);
  const z = (box[offset + 5] as number) - (box[offset + 2] as number);
  return x >= 0 ? x * y + y * z + z * x : 0;
}
