import code from '../../../shaders/render/camera.wgsl?raw';
import { vectorMath } from './vector-math.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

/** Rays of a pinhole or of a thin lens. */
export const camera: ShaderFragment = { name: 'camera', code, requires: [vectorMath, sceneData] };
