import code from '../../../shaders/llm/formats/q5-0.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Blocks of 32: an f16 scale and 32 codes of five bits biased by 16; 5.5 bits per weight. */
export const Q5_0 = defineWeightFormat(
  'Q5_0',
  { blockWords: 4, unitsPerBlock: 1, scaleWords: 3, groupBlocks: 2 },
  code,
);
