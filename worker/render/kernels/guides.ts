import code from '../../../shaders/render/guides.wgsl?raw';
import { createComputePipeline } from '../../gpu/pipelines.ts';
import type { BvhLayout } from '../bvh/layout.ts';
import { path, slice } from '../library/path.ts';
import { assembleShader } from '../library/shader-fragment.ts';
import { type SceneBuffers, isForTraversal } from '../scene-buffers.ts';
import { type PathTraceKernel, createSliceBuffer, writeSlice } from './path-trace-slice.ts';

const workgroupSide = 8;

/** Bytes of a pixel in the film: albedo and depth, normal and hits. */
export const guideBytesPerPixel = 32;

export interface GuidesOptions {
  readonly scene: SceneBuffers;
  readonly layout: BvhLayout;
  /** Least difference of depths, a power of two. */
  readonly depthStep: number;
}

/** What the samples of a tile meet first, as `shaders/render/guides.wgsl` says. */
export async function createGuidesKernel(device: GPUDevice, options: GuidesOptions): Promise<PathTraceKernel> {
  const { scene, layout, depthStep } = options;
  const label = 'render.guides';
  const main = { name: 'guides', code, requires: [path(layout), slice] };
  const pipeline = await createComputePipeline(device, {
    label,
    code: assembleShader(main, scene.variant.replacements),
    entryPoint: 'main',
    constants: { WORKGROUP_WIDTH: workgroupSide, WORKGROUP_HEIGHT: workgroupSide, ...scene.variant.features },
  });
  const sliceBuffer = createSliceBuffer(device, `${label}.slice`);
  // UNIFORM 0x40 | COPY_DST 0x8.
  const depthBuffer = device.createBuffer({ label: `${label}.depth`, size: 16, usage: 0x40 | 0x08 });
  device.queue.writeBuffer(depthBuffer, 0, Float32Array.of(depthStep));
  const sceneGroup = device.createBindGroup({
    label: `${label}.scene`,
    layout: pipeline.getBindGroupLayout(0),
    entries: scene.resources.filter(({ base }) => isForTraversal(base)),
  });
  let filmGroup: GPUBindGroup | undefined;
  let groups: readonly [number, number] = [0, 0];

  return {
    bindFilm(film) {
      filmGroup = device.createBindGroup({
        label: `${label}.film`,
        layout: pipeline.getBindGroupLayout(1),
        entries: [sliceBuffer, film, depthBuffer].map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
    },
    setSlice(next) {
      writeSlice(device, sliceBuffer, next);
      groups = [Math.ceil(next.tileWidth / workgroupSide), Math.ceil((next.endRow - next.firstRow) / workgroupSide)];
    },
    run(encoder) {
      if (filmGroup === undefined) throw new Error(`${label} has no film: call bindFilm first`);
      const pass = encoder.beginComputePass({ label });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, sceneGroup);
      pass.setBindGroup(1, filmGroup);
      pass.dispatchWorkgroups(groups[0], groups[1]);
      pass.end();
    },
    destroy() {
      sliceBuffer.destroy();
      depthBuffer.destroy();
    },
  };
}
