import { decomposeWorkgroups } from '../../gpu/dispatch.ts';
import { createComputePipeline } from '../../gpu/pipelines.ts';
import { type SceneBuffers, isForTraversal } from '../scene-buffers.ts';

const workgroupSize = 64;

export interface RayBatchKernel {
  /** Traces `rayCount` rays, which must fill the bound ray buffer exactly. */
  run(encoder: GPUCommandEncoder, rayCount: number): void;
}

export interface RayBatchOptions {
  readonly scene: SceneBuffers;
  /** 32 bytes per ray. */
  readonly rays: GPUBuffer;
  readonly answers: GPUBuffer;
}

/** A kernel with one thread per ray: the scene in group 0, rays and answers in group 1. */
export async function createRayBatchKernel(
  device: GPUDevice,
  label: string,
  code: string,
  options: RayBatchOptions,
): Promise<RayBatchKernel> {
  const { scene, rays, answers } = options;
  const constants = scene.features;
  const pipeline = await createComputePipeline(device, { label, code, entryPoint: 'main', constants });
  const own = [rays, answers].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const used = scene.resources
    .map((resource, binding) => ({ binding, resource }))
    .filter(({ binding }) => isForTraversal(binding));
  const groups = [used, own].map((entries, group) =>
    device.createBindGroup({ label: `${label}.${group}`, layout: pipeline.getBindGroupLayout(group), entries }),
  );
  return {
    run(encoder, rayCount) {
      const pass = encoder.beginComputePass({ label });
      pass.setPipeline(pipeline);
      groups.forEach((group, index) => pass.setBindGroup(index, group));
      pass.dispatchWorkgroups(
        ...decomposeWorkgroups(Math.ceil(rayCount / workgroupSize), device.limits.maxComputeWorkgroupsPerDimension),
      );
      pass.end();
    },
  };
}
