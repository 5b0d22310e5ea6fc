import code from '../../../shaders/llm/formats/q4-0.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Blocks of 32: an f16 scale and 32 nibbles biased by 8; 4.5 bits per weight. */
export const Q4_0 = defineWeightFormat(
  'Q4_0',
  { blockWords: 4, unitsPerBlock: 1, scaleWords: 1, groupBlocks: 2 },
  code,
);
