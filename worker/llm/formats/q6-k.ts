import code from '../../../shaders/llm/formats/q6-k.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Superblocks of 256: codes of six bits, an int8 scale per 16; 6.5625 bits per weight (6.625 here). */
export const Q6_K = defineWeightFormat(
  'Q6_K',
  { blockWords: 4, unitsPerBlock: 1, scaleWords: 21, groupBlocks: 8 },
  code,
);
