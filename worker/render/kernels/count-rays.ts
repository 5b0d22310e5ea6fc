import code from '../../../shaders/render/count-rays.wgsl?raw';
import type { BvhLayout } from '../bvh/layout.ts';
import { type RayBatchKernel, type RayBatchOptions, createRayBatchKernel } from './ray-batch.ts';

/** What rays cost: `answers` takes 8 bytes per ray, nodes read and triangles tested. For measuring, never for rendering. */
export function createCountRaysKernel(
  device: GPUDevice,
  options: RayBatchOptions & { readonly layout: BvhLayout },
): Promise<RayBatchKernel> {
  const main = { name: 'count-rays', code, requires: [options.layout.countingFragment] };
  return createRayBatchKernel(device, 'render.countRays', main, options);
}
