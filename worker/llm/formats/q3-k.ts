import code from '../../../shaders/llm/formats/q3-k.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** Superblocks of 256: codes of three bits, scale of six bits per 16; 3.4375 bits per weight (3.5 here). */
export const Q3_K = defineWeightFormat(
  'Q3_K',
  { blockWords: 2, unitsPerBlock: 1, scaleWords: 12, groupBlocks: 8 },
  code,
);
