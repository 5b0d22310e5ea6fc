import code from '../../../shaders/llm/formats/q4-1.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Blocks of 32: f16 scale and minimum, 32 nibbles; 5 bits per weight. */
export const Q4_1 = defineWeightFormat(
  'Q4_1',
  { blockWords: 4, unitsPerBlock: 1, scaleWords: 1, groupBlocks: 1 },
  code,
);
