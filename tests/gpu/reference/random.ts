/** The counter-based random numbers of `shaders/common/random.wgsl`, in 32-bit integer arithmetic. */
export function referenceRandomBits(seed: number, pixel: number, sample: number, dimension: number): number {
  const scramble = hash(pixel + hash(seed));
  return hash(scramble + hash(sample + hash(dimension)));
}

function hash(value: number): number {
  const state = (Math.imul(value, 747796405) + 2891336453) >>> 0;
  const word = Math.imul((state >>> ((state >>> 28) + 4)) ^ state, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}
