import code from '../../../shaders/common/random.wgsl?raw';
import type { ShaderFragment } from './shader-fragment.ts';

/** Scrambled Sobol points keyed by (seed, pixel, sample, dimension). */
export const random: ShaderFragment = { name: 'random', code, requires: [] };
