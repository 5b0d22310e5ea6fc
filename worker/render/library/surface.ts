import glassCode from '../../../shaders/render/glass.wgsl?raw';
import iridescenceCode from '../../../shaders/render/iridescence.wgsl?raw';
import microfacetCode from '../../../shaders/render/microfacet.wgsl?raw';
import sheenCode from '../../../shaders/render/sheen.wgsl?raw';
import code from '../../../shaders/render/surface.wgsl?raw';
import { vectorMath } from './vector-math.ts';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';

const microfacet: ShaderFragment = { name: 'microfacet', code: microfacetCode, requires: [vectorMath, sceneData] };
const glass: ShaderFragment = { name: 'glass', code: glassCode, requires: [vectorMath, microfacet] };
const sheen: ShaderFragment = { name: 'sheen', code: sheenCode, requires: [vectorMath] };
const iridescence: ShaderFragment = { name: 'iridescence', code: iridescenceCode, requires: [vectorMath] };

/** A glTF surface with its layers: evaluation, sampling and density. */
export const surface: ShaderFragment = {
  name: 'surface',
  code,
  requires: [vectorMath, sceneData, microfacet, glass, sheen, iridescence],
};
