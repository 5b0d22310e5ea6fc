import code from '../../../shaders/render/texture.wgsl?raw';
import { placement } from './instances.ts';
import { vectorMath } from './vector-math.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

/** Materials and normals at a point, with their textures. */
export const texture: ShaderFragment = { name: 'texture', code, requires: [vectorMath, sceneData, placement] };
