import code from '../../../shaders/llm/formats/f16.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** IEEE 754 half precision, decoded to f32 in registers. */
export const F16 = defineWeightFormat('F16', { blockWords: 16, unitsPerBlock: 4, scaleWords: 0, groupBlocks: 1 }, code);
