import code from '../../../shaders/render/path-trace.wgsl?raw';
import { createComputePipeline } from '../../gpu/pipelines.ts';
import type { BvhLayout } from '../bvh/layout.ts';
import { path, slice } from '../library/path.ts';
import { type ShaderFragment, assembleShader } from '../library/shader-fragment.ts';
import type { SceneBuffers, SceneVariant } from '../scene-buffers.ts';
import { type PathTraceKernel, createSliceBuffer, writeSlice } from './path-trace-slice.ts';

const workgroupWidth = 8;
const workgroupHeight = 8;

/** The whole module for a tree layout and a scene, as the device compiles it. */
function pathTraceShader(layout: BvhLayout, variant: SceneVariant): string {
  const main: ShaderFragment = {
    name: 'path-trace',
    code,
    requires: [path(layout), slice],
  };
  return assembleShader(main, variant.replacements);
}

/** Compiled once per device, layout and what scenes use: compiling takes longer than many a small render. */
const pipelines = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>();

function pipelineFor(device: GPUDevice, layout: BvhLayout, variant: SceneVariant): Promise<GPUComputePipeline> {
  const known = pipelines.get(device) ?? new Map<string, Promise<GPUComputePipeline>>();
  pipelines.set(device, known);
  const key = `${layout.name} ${variant.key}`;
  let pipeline = known.get(key);
  if (pipeline === undefined) {
    pipeline = createComputePipeline(device, {
      label: 'render.pathTrace',
      code: pathTraceShader(layout, variant),
      entryPoint: 'main',
      constants: { WORKGROUP_WIDTH: workgroupWidth, WORKGROUP_HEIGHT: workgroupHeight, ...variant.features },
    });
    known.set(key, pipeline);
    // A failure is told to every caller that waits, and tried again by the next.
    pipeline.catch(() => known.delete(key));
  }
  return pipeline;
}

export async function createPathTraceKernel(
  device: GPUDevice,
  options: { readonly scene: SceneBuffers; readonly layout: BvhLayout },
): Promise<PathTraceKernel> {
  const pipeline = await pipelineFor(device, options.layout, options.scene.variant);
  const sliceBuffer = createSliceBuffer(device, 'render.pathTrace.slice');
  const sceneGroup = device.createBindGroup({
    label: 'render.pathTrace.scene',
    layout: pipeline.getBindGroupLayout(0),
    entries: options.scene.resources,
  });
  let filmGroup: GPUBindGroup | undefined;
  let groups: readonly [number, number] = [0, 0];

  return {
    bindFilm(film) {
      filmGroup = device.createBindGroup({
        label: 'render.pathTrace.film',
        layout: pipeline.getBindGroupLayout(1),
        entries: [
          { binding: 0, resource: { buffer: sliceBuffer } },
          { binding: 1, resource: { buffer: film } },
        ],
      });
    },
    setSlice(slice) {
      writeSlice(device, sliceBuffer, slice);
      const rows = slice.endRow - slice.firstRow;
      groups = [Math.ceil(slice.tileWidth / workgroupWidth), Math.ceil(rows / workgroupHeight)];
    },
    run(encoder) {
      if (filmGroup === undefined) throw new Error('render.pathTrace has no film: call bindFilm first');
      const pass = encoder.beginComputePass({ label: 'render.pathTrace' });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, sceneGroup);
      pass.setBindGroup(1, filmGroup);
      pass.dispatchWorkgroups(groups[0], groups[1]);
      pass.end();
    },
    destroy() {
      sliceBuffer.destroy();
    },
  };
}
