import code from '../../../shaders/render/environment.wgsl?raw';
import { vectorMath } from './vector-math.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

/** Light from outside: lookups in the octahedral map and choosing a direction by its brightness. */
export const environment: ShaderFragment = { name: 'environment', code, requires: [vectorMath, sceneData] };
