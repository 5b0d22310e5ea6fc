import placedInstancesCode from '../../../shaders/render/placed-instances.wgsl?raw';
import placedOnceCode from '../../../shaders/render/placed-once.wgsl?raw';
import traceInstancesCode from '../../../shaders/render/trace-instances.wgsl?raw';
import traceTreeCode from '../../../shaders/render/trace-tree.wgsl?raw';
import { sceneData } from './scene-data.ts';
import type { ShaderFragment } from './shader-fragment.ts';
import { vectorMath } from './vector-math.ts';

/** Where the triangle of a hit stands, for a scene that lists every triangle where it is shown. */
export const placement: ShaderFragment = { name: 'placed-once', code: placedOnceCode, requires: [sceneData] };
/** Rays through one tree. What walks the tree, a layout brings. */
export const trace: ShaderFragment = { name: 'trace-tree', code: traceTreeCode, requires: [sceneData] };

/** What takes their places in the modules of a scene that keeps meshes once and shows them many times. */
export const instanceReplacements: readonly (readonly [ShaderFragment, ShaderFragment])[] = [
  [placement, { name: 'placed-instances', code: placedInstancesCode, requires: [vectorMath, sceneData] }],
  [trace, { name: 'trace-instances', code: traceInstancesCode, requires: [sceneData] }],
];
