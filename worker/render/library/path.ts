import code from '../../../shaders/render/path.wgsl?raw';
import sliceCode from '../../../shaders/render/slice.wgsl?raw';
import type { BvhLayout } from '../bvh/layout.ts';
import { camera } from './camera.ts';
import { emitter } from './emitter.ts';
import { random } from './random.ts';
import type { ShaderFragment } from './shader-fragment.ts';
import { surface } from './surface.ts';
import { vectorMath } from './vector-math.ts';

/** What a dispatch renders and where its sums go: group 1, bindings 0 and 1. */
export const slice: ShaderFragment = { name: 'slice', code: sliceCode, requires: [] };

/** A path's beginning, its vertices and its value for the film; both drivers of the path tracer use it. */
export function path(layout: BvhLayout): ShaderFragment {
  return { name: 'path', code, requires: [random, vectorMath, layout.fragment, surface, emitter, camera] };
}
