import code from '../../../shaders/llm/formats/q8-0.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Blocks of 32: an f16 scale and 32 int8; 8.5 bits per weight. */
export const Q8_0 = defineWeightFormat(
  'Q8_0',
  { blockWords: 8, unitsPerBlock: 2, scaleWords: 1, groupBlocks: 2 },
  code,
);
