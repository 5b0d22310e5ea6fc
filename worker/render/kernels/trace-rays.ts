import code from '../../../shaders/render/trace-rays.wgsl?raw';
import type { BvhLayout } from '../bvh/layout.ts';
import { type RayBatchKernel, type RayBatchOptions, createRayBatchKernel } from './ray-batch.ts';

/** `rays` holds 32 bytes and `answers` 16 bytes per ray, as `shaders/render/trace-rays.wgsl` says. */
export function createTraceRaysKernel(
  device: GPUDevice,
  options: RayBatchOptions & { readonly layout: BvhLayout },
): Promise<RayBatchKernel> {
  const main = { name: 'trace-rays', code, requires: [options.layout.fragment] };
  return createRayBatchKernel(device, 'render.traceRays', main, options);
}
