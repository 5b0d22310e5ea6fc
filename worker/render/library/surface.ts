import code from '../../../shaders/render/surface.wgsl?raw';
import { vectorMath } from './vector-math.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

/** The metallic-roughness surface: evaluation, sampling and density. */
export const surface: ShaderFragment = { name: 'surface', code, requires: [vectorMath, sceneData] };
