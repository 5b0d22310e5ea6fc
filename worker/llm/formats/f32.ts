import code from '../../../shaders/llm/formats/f32.wgsl?raw';
import { defineWeightFormat } from './weight-format.ts';

/** IEEE 754 single precision. */
export const F32 = defineWeightFormat('F32', { blockWords: 32, unitsPerBlock: 8, scaleWords: 0, groupBlocks: 1 }, code);
