import code from '../../../shaders/render/emitter.wgsl?raw';
import { vectorMath } from './vector-math.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

/** Choosing a point on the emissive triangles, and the density of that choice. */
export const emitter: ShaderFragment = { name: 'emitter', code, requires: [vectorMath, sceneData] };
