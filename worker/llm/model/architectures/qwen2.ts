import type { Architecture } from './architecture.ts';

/** Qwen 2 and 2.5: q, k and v have biases. */
export const qwen2: Architecture = {
  name: 'qwen2',
  ropeStyle: 'halves',
  activation: 'silu',
  projectionBias: 'required',
  hasHeadNorms: false,
  hasPostNorms: false,
  isFused: false,
  ropeFactors: 'none',
  head: 'optional',
};
