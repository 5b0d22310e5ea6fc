import code from '../../../shaders/llm/formats/bf16.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** The upper halves of IEEE 754 single precision. */
export const BF16 = defineWeightFormat(
  'BF16',
  { blockWords: 16, unitsPerBlock: 4, scaleWords: 0, groupBlocks: 1 },
  code,
);
