import code from '../../../shaders/render/emitter.wgsl?raw';
import { environment } from './environment.ts';
import { lightTree } from './light-tree.ts';
import { texture } from './texture.ts';
import { vectorMath } from './vector-math.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

/** Choosing a light and a point on it, and the density of that choice. */
export const emitter: ShaderFragment = {
  name: 'emitter',
  code,
  requires: [vectorMath, sceneData, lightTree, environment, texture],
};
