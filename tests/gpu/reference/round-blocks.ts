const BLOCK_LENGTH = 32;
const MOST_STEPS = 64;
const LEAST_PEAK = 2 ** -100;

/**
 * What is left of x when it is rounded to eight bits by blocks of 32 (shaders/llm/unit-int8.wgsl), each step in float32 as the shader takes
 * it: a block has a scale, each half of it a step of 1 to 64, x' = code * step * scale. Gains come first, as they do there.
 */
export function roundBlocks(x: ArrayLike<number>, gain?: ArrayLike<number>): Float64Array {
  const scaled = Float32Array.from(x, (value, index) => value * (gain?.[index] ?? 1));
  const rounded = new Float64Array(scaled.length);
  for (let start = 0; start < scaled.length; start += BLOCK_LENGTH) {
    const block = scaled.subarray(start, start + BLOCK_LENGTH);
    const peak = peakOf(block);
    const scale = Math.fround(peak / (MOST_STEPS * 127));
    for (let from = 0; from < BLOCK_LENGTH; from += BLOCK_LENGTH / 2) {
      const half = block.subarray(from, from + BLOCK_LENGTH / 2);
      const step = stepOf(peakOf(half), peak);
      const inverse = Math.fround((MOST_STEPS * 127) / Math.fround(step * Math.max(peak, LEAST_PEAK)));
      half.forEach((value, index) => {
        rounded[start + from + index] = roundToEven(Math.fround(value * inverse)) * step * scale;
      });
    }
  }
  return rounded;
}

function peakOf(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

function stepOf(halfPeak: number, peak: number): number {
  const share = Math.fround(halfPeak * Math.fround(MOST_STEPS / Math.max(peak, LEAST_PEAK)));
  return Math.min(Math.max(Math.ceil(share), 1), MOST_STEPS);
}

function roundToEven(value: number): number {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
