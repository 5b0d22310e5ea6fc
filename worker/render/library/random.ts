import code from '../../../shaders/common/random.wgsl?raw';
import type { ShaderFragment } from './shader-fragment.ts';

/** Counter-based random numbers keyed by (seed, pixel, sample, dimension). */
export const random: ShaderFragment = { name: 'random', code, requires: [] };
