import code from '../../../shaders/render/light-tree.wgsl?raw';
import { random } from './random.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

/** Choice of one emissive triangle among thousands, as a point sees them. */
export const lightTree: ShaderFragment = { name: 'light-tree', code, requires: [sceneData, random] };
