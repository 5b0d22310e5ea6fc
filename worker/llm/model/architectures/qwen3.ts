import type { Architecture } from './architecture.ts';

/** Qwen 3, dense: heads of q and k are normalised. */
export const qwen3: Architecture = {
  name: 'qwen3',
  ropeStyle: 'halves',
  activation: 'silu',
  projectionBias: 'none',
  hasHeadNorms: true,
  hasPostNorms: false,
  isFused: false,
  ropeFactors: 'none',
  head: 'optional',
};
