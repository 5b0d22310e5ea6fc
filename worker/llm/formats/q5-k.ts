import code from '../../../shaders/llm/formats/q5-k.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Superblocks of 256: codes of five bits, scale and minimum of six bits per 32; 5.5 bits per weight. */
export const Q5_K = defineWeightFormat(
  'Q5_K',
  { blockWords: 4, unitsPerBlock: 1, scaleWords: 12, groupBlocks: 8 },
  code,
);
