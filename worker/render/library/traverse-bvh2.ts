import code from '../../../shaders/render/traverse-bvh2.wgsl?raw';
import { vectorMath } from './vector-math.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

/** Closest-hit and any-hit traversal of the two-wide tree. */
export const traverseBvh2: ShaderFragment = { name: 'traverse-bvh2', code, requires: [vectorMath, sceneData] };
