import code from '../../../shaders/llm/formats/q2-k.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Superblocks of 256: codes of two bits, scale and minimum of four bits per 16; 2.625 bits per weight. */
export const Q2_K = defineWeightFormat(
  'Q2_K',
  { blockWords: 2, unitsPerBlock: 1, scaleWords: 5, groupBlocks: 8 },
  code,
);
