import code from '../../../shaders/llm/formats/q5-1.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Blocks of 32: f16 scale and minimum, 32 codes of five bits; 6 bits per weight. */
export const Q5_1 = defineWeightFormat(
  'Q5_1',
  { blockWords: 4, unitsPerBlock: 1, scaleWords: 2, groupBlocks: 1 },
  code,
);
