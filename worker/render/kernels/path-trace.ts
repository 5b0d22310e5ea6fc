import code from '../../../shaders/render/path-trace.wgsl?raw';
import { createComputePipeline } from '../../gpu/pipelines.ts';
import type { BvhLayout } from '../bvh/layout.ts';
import { camera } from '../library/camera.ts';
import { emitter } from '../library/emitter.ts';
import { random } from '../library/random.ts';
import { type ShaderFragment, assembleShader } from '../library/shader-fragment.ts';
import { surface } from '../library/surface.ts';
import { vectorMath } from '../library/vector-math.ts';
import type { SceneBuffers } from '../scene-buffers.ts';

const workgroupWidth = 8;
const workgroupHeight = 8;
const sliceBytes = 32;

/** One dispatch: rows and samples of a tile. Pixels and rows count from the top left of the image and of the tile. */
export interface PathTraceSlice {
  readonly tileX: number;
  readonly tileY: number;
  readonly tileWidth: number;
  readonly firstRow: number;
  readonly endRow: number;
  readonly firstSample: number;
  readonly sampleCount: number;
  /** Adds to the film what earlier slices left there; otherwise it starts from zero. */
  readonly continues: boolean;
}

export interface PathTraceKernel {
  /** Names the film that `run` writes: 16 bytes per pixel of a tile, row-major. Call again when the buffer changes. */
  bindFilm(film: GPUBuffer): void;
  /** Sets what the next `run` renders. Takes effect at the next submit, so submit each slice before the next one. */
  setSlice(slice: PathTraceSlice): void;
  run(encoder: GPUCommandEncoder): void;
  destroy(): void;
}

/** The whole module for a tree layout, as the device compiles it. */
export function pathTraceShader(layout: BvhLayout): string {
  const main: ShaderFragment = {
    name: 'path-trace',
    code,
    requires: [random, vectorMath, layout.fragment, surface, emitter, camera],
  };
  return assembleShader(main);
}

/** Compiled once per device and layout: compiling takes longer than many a small render. */
const pipelines = new WeakMap<GPUDevice, Map<string, Promise<GPUComputePipeline>>>();

function pipelineFor(device: GPUDevice, layout: BvhLayout): Promise<GPUComputePipeline> {
  const known = pipelines.get(device) ?? new Map<string, Promise<GPUComputePipeline>>();
  pipelines.set(device, known);
  let pipeline = known.get(layout.name);
  if (pipeline === undefined) {
    pipeline = createComputePipeline(device, {
      label: 'render.pathTrace',
      code: pathTraceShader(layout),
      entryPoint: 'main',
      constants: { WORKGROUP_WIDTH: workgroupWidth, WORKGROUP_HEIGHT: workgroupHeight },
    });
    known.set(layout.name, pipeline);
    // A failure is told to every caller that waits, and tried again by the next.
    pipeline.catch(() => known.delete(layout.name));
  }
  return pipeline;
}

export async function createPathTraceKernel(
  device: GPUDevice,
  options: { readonly scene: SceneBuffers; readonly layout: BvhLayout },
): Promise<PathTraceKernel> {
  const pipeline = await pipelineFor(device, options.layout);
  // UNIFORM 0x40 | COPY_DST 0x8.
  const sliceBuffer = device.createBuffer({ label: 'render.pathTrace.slice', size: sliceBytes, usage: 0x40 | 0x08 });
  const sliceWords = new Uint32Array(sliceBytes / 4);
  const sceneGroup = device.createBindGroup({
    label: 'render.pathTrace.scene',
    layout: pipeline.getBindGroupLayout(0),
    entries: options.scene.resources.map((resource, binding) => ({ binding, resource })),
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
      sliceWords.set([slice.tileX, slice.tileY, slice.tileWidth, slice.firstRow, slice.endRow]);
      sliceWords.set([slice.firstSample, slice.sampleCount, slice.continues ? 1 : 0], 5);
      device.queue.writeBuffer(sliceBuffer, 0, sliceWords);
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
