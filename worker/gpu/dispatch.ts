/**
 * Splits a count of workgroups over the three dispatch dimensions: WebGPU allows `maxPerDimension` (65535 by default)
 * in each. The shader rebuilds its index as `id.x + id.y * count.x + id.z * count.x * count.y` and returns past the end.
 *
 * @throws RangeError when the count does not fit three dimensions.
 */
export function decomposeWorkgroups(count: number, maxPerDimension: number): readonly [number, number, number] {
  if (!Number.isSafeInteger(count) || count < 0) throw new RangeError(`${count} is not a count of workgroups`);
  if (count <= maxPerDimension) return [count, 1, 1];
  const rows = Math.ceil(count / maxPerDimension);
  if (rows <= maxPerDimension) return [Math.ceil(count / rows), rows, 1];
  const layers = Math.ceil(rows / maxPerDimension);
  if (layers > maxPerDimension) {
    throw new RangeError(`${count} workgroups do not fit three dimensions of ${maxPerDimension}`);
  }
  const rowsPerLayer = Math.ceil(rows / layers);
  return [Math.ceil(count / (rowsPerLayer * layers)), rowsPerLayer, layers];
}
