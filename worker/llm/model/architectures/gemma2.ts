import { allButEvery, type Architecture } from './architecture.ts';

/** Layers of the 27B model, which alone scales scores by the mean head of its embedding. */
const LAYERS_OF_27B = 46;

/** Gemma 2: soft caps, a window in every other layer, norms on both sides. */
export const gemma2: Architecture = {
  name: 'gemma2',
  ropeStyle: 'halves',
  activation: 'gelu',
  projectionBias: 'none',
  hasHeadNorms: false,
  hasPostNorms: true,
  isFused: false,
  ropeFactors: 'none',
  head: 'tied',
  variation: (metadata, { layerCount, embeddingLength, headCount, headLength }) => ({
    embeddingScale: Math.sqrt(embeddingLength),
    attentionScale: 1 / Math.sqrt(layerCount === LAYERS_OF_27B ? embeddingLength / headCount : headLength),
    attentionSoftCap: metadata.float('gemma2.attn_logit_softcapping', 0.1, 1e6, 50),
    outputSoftCap: metadata.float('gemma2.final_logit_softcapping', 0.1, 1e6, 30),
    window: {
      length: metadata.integer('gemma2.attention.sliding_window', 1, 2 ** 31, 4096),
      hasLayer: allButEvery(2),
    },
  }),
};
