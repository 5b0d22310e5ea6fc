import { decomposeWorkgroups } from '../../gpu/dispatch.ts';
import { createComputePipeline } from '../../gpu/pipelines.ts';
import { type ShaderFragment, assembleShader } from '../library/shader-fragment.ts';
import { type SceneBuffers, isForTraversal } from '../scene-buffers.ts';

const workgroupSize = 64;

export interface RayBatchKernel {
  /** Traces `rayCount` rays, which must fill the bound ray buffer exactly. */
  run(encoder: GPUCommandEncoder, rayCount: number): void;
  /** The same in a pass that is open. */
  record(pass: GPUComputePassEncoder, rayCount: number): void;
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
  main: ShaderFragment,
  options: RayBatchOptions,
): Promise<RayBatchKernel> {
  const { scene, rays, answers } = options;
  const { features: constants, replacements } = scene.variant;
  const code = assembleShader(main, replacements);
  const pipeline = await createComputePipeline(device, { label, code, entryPoint: 'main', constants });
  const own = [rays, answers].map((buffer, binding) => ({ binding, resource: { buffer } }));
  const used = scene.resources.filter(({ base }) => isForTraversal(base));
  const groups = [used, own].map((entries, group) =>
    device.createBindGroup({ label: `${label}.${group}`, layout: pipeline.getBindGroupLayout(group), entries }),
  );
  function record(pass: GPUComputePassEncoder, rayCount: number): void {
    pass.setPipeline(pipeline);
    groups.forEach((group, index) => pass.setBindGroup(index, group));
    pass.dispatchWorkgroups(
      ...decomposeWorkgroups(Math.ceil(rayCount / workgroupSize), device.limits.maxComputeWorkgroupsPerDimension),
    );
  }
  return {
    record,
    run(encoder, rayCount) {
      const pass = encoder.beginComputePass({ label });
      record(pass, rayCount);
      pass.end();
    },
  };
}
