import code from '../../../shaders/llm/formats/q4-k.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Superblocks of 256: nibbles, scale and minimum of six bits per 32; 4.5 bits per weight. */
export const Q4_K = defineWeightFormat(
  'Q4_K',
  { blockWords: 4, unitsPerBlock: 1, scaleWords: 4, groupBlocks: 8 },
  code,
);
