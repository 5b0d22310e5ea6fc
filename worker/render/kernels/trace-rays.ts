import code from '../../../shaders/render/trace-rays.wgsl?raw';
import type { BvhLayout } from '../bvh/layout.ts';
import { type ShaderFragment, assembleShader } from '../library/shader-fragment.ts';
import { type RayBatchKernel, type RayBatchOptions, createRayBatchKernel } from './ray-batch.ts';

/** `rays` holds 32 bytes and `answers` 16 bytes per ray, as `shaders/render/trace-rays.wgsl` says. */
export function createTraceRaysKernel(
  device: GPUDevice,
  options: RayBatchOptions & { readonly layout: BvhLayout },
): Promise<RayBatchKernel> {
  return createRayBatchKernel(device, 'render.traceRays', mainOf(options.layout), options);
}

/** The whole module for a layout, to tell one version of it from another. */
export function traceRaysShader(layout: BvhLayout): string {
  return assembleShader(mainOf(layout));
}

function mainOf(layout: BvhLayout): ShaderFragment {
  return { name: 'trace-rays', code, requires: [layout.fragment] };
}
