/**
 * What is left of x when it is rounded to eight bits by blocks of 32 (shaders/llm/unit-int8.wgsl), each step in float32 as the shader takes
 * it: code = round(x * (127 / peak)), x' = code * (peak / 127). Gains come first, as they do there.
 */
export function roundBlocks(x: ArrayLike<number>, gain?: ArrayLike<number>): Float64Array {
  const scaled = Float32Array.from(x, (value, index) => value * (gain?.[index] ?? 1));
  const rounded = new Float64Array(scaled.length);
  for (let start = 0; start < scaled.length; start += 32) {
    const block = scaled.subarray(start, start + 32);
    const peak = block.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const inverse = Math.fround(127 / Math.max(peak, 2 ** -100));
    const scale = Math.fround(peak / 127);
    block.forEach((value, index) => (rounded[start + index] = roundToEven(Math.fround(value * inverse)) * scale));
  }
  return rounded;
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
