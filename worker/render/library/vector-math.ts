import code from '../../../shaders/render/vector-math.wgsl?raw';
import type { ShaderFragment } from './shader-fragment.ts';

/** Vectors, frames and maps of the unit square, with operations that agree between drivers. */
export const vectorMath: ShaderFragment = { name: 'vector-math', code, requires: [] };
