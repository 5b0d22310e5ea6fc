import type { Architecture } from './architecture.ts';

/** Llama 2 and 3, Mistral, SmolLM and what was converted as one of them. */
export const llama: Architecture = {
  name: 'llama',
  ropeStyle: 'neighbours',
  activation: 'silu',
  projectionBias: 'optional',
  hasHeadNorms: false,
  hasPostNorms: false,
  isFused: false,
  ropeFactors: 'optional',
  head: 'optional',
  variation(metadata) {
    // Mistral 0.1: every layer has the window.
    const length = metadata.integer('llama.attention.sliding_window', 0, 2 ** 31, 0);
    return length === 0 ? {} : { window: { length, hasLayer: () => true } };
  },
};
