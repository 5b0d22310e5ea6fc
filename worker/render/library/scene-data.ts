import code from '../../../shaders/render/scene-data.wgsl?raw';
import type { ShaderFragment } from './shader-fragment.ts';

/** Structures and bindings of the scene buffers; their bytes are written by `scene-buffers.ts`. */
export const sceneData: ShaderFragment = { name: 'scene-data', code, requires: [] };
