import { allButEvery, type Architecture } from './architecture.ts';

/** Layers of the 27B model, which alone scales scores by the mean head of its embedding. */
const LAYERS_OF_27B = 62;

/** Gemma 3, text: a window in five layers of six, which turn at a base of their own; norms on both sides and on heads. */
export const gemma3: Architecture = {
  name: 'gemma3',
  ropeStyle: 'halves',
  activation: 'gelu',
  projectionBias: 'none',
  hasHeadNorms: true,
  hasPostNorms: true,
  isFused: false,
  ropeFactors: 'none',
  head: 'optional',
  variation(metadata, { layerCount, embeddingLength, headCount, headLength }) {
    const windowLength = metadata.integer('gemma3.attention.sliding_window', 0, 2 ** 31, 0);
    const outputSoftCap = metadata.float('gemma3.final_logit_softcapping', 0, 1e6, 0);
    return {
      embeddingScale: Math.sqrt(embeddingLength),
      attentionScale: 1 / Math.sqrt(layerCount === LAYERS_OF_27B ? embeddingLength / headCount : headLength),
      ...(outputSoftCap === 0 ? {} : { outputSoftCap }),
      ...(windowLength === 0
        ? {}
        : {
            window: {
              length: windowLength,
              hasLayer: allButEvery(6),
              ropeBase: metadata.float('gemma3.rope.freq_base_swa', 1, 1e12, 10_000),
            },
          }),
    };
  },
};
