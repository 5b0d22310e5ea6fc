import code from '../../../shaders/render/trace-rays.wgsl?raw';
import { decomposeWorkgroups } from '../../gpu/dispatch.ts';
import { createComputePipeline } from '../../gpu/pipelines.ts';
import type { BvhLayout } from '../bvh/layout.ts';
import { assembleShader } from '../library/shader-fragment.ts';
import type { SceneBuffers } from '../scene-buffers.ts';

const workgroupSize = 64;

export interface TraceRaysKernel {
  /** Traces `rayCount` rays, which must fill the bound ray buffer exactly. */
  run(encoder: GPUCommandEncoder, rayCount: number): void;
}

/** `rays` holds 32 bytes and `answers` 16 bytes per ray, as `shaders/render/trace-rays.wgsl` says. */
export async function createTraceRaysKernel(
  device: GPUDevice,
  options: {
    readonly scene: SceneBuffers;
    readonly layout: BvhLayout;
    readonly rays: GPUBuffer;
    readonly answers: GPUBuffer;
  },
): Promise<TraceRaysKernel> {
  const { scene, layout, rays, answers } = options;
  const pipeline = await createComputePipeline(device, {
    label: 'render.traceRays',
    code: assembleShader({ name: 'trace-rays', code, requires: [layout.fragment] }),
    entryPoint: 'main',
  });
  // Traversal reads the scene's uniforms, the nodes and the triangles, nothing else.
  const used = [scene.uniforms, ...scene.storage.slice(0, 2)];
  const groups = [used, [rays, answers]].map((buffers, group) =>
    device.createBindGroup({
      label: `render.traceRays.${group}`,
      layout: pipeline.getBindGroupLayout(group),
      entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
    }),
  );
  return {
    run(encoder, rayCount) {
      const pass = encoder.beginComputePass({ label: 'render.traceRays' });
      pass.setPipeline(pipeline);
      groups.forEach((group, index) => pass.setBindGroup(index, group));
      pass.dispatchWorkgroups(
        ...decomposeWorkgroups(Math.ceil(rayCount / workgroupSize), device.limits.maxComputeWorkgroupsPerDimension),
      );
      pass.end();
    },
  };
}
