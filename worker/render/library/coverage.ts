import code from '../../../shaders/render/coverage.wgsl?raw';
import { random } from './random.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';
import { texture } from './texture.ts';

/** Which hits count on surfaces with an alpha. */
export const coverage: ShaderFragment = { name: 'coverage', code, requires: [random, sceneData, texture] };
