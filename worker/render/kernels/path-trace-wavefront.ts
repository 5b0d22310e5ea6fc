import code from '../../../shaders/render/path-trace-wavefront.wgsl?raw';
import { createStorageBuffer } from '../../gpu/buffers.ts';
import { createComputePipeline } from '../../gpu/pipelines.ts';
import type { BvhLayout } from '../bvh/layout.ts';
import { path, slice } from '../library/path.ts';
import { assembleShader } from '../library/shader-fragment.ts';
import { type SceneBuffers, type SceneVariant, isForTraversal } from '../scene-buffers.ts';
import { type PathTraceKernel, createSliceBuffer, sliceBytes, writeSlice } from './path-trace-slice.ts';

const workgroupSize = 64;
const planes = 8;
const lists = 4;
/** Where a dispatch for the living paths and one for the shadow rays have their workgroup counts. */
const aliveDispatchBytes = 0;
const shadowDispatchBytes = 12;

/** Paths of a slice at most: 8 rows of the widest tile, and 18 MiB of state. */
export const wavefrontCapacity = 131_072;

/** Buffers of the driver, whatever the scene. */
const bufferBytes = {
  slice: sliceBytes,
  paths: wavefrontCapacity * planes * 16,
  queues: wavefrontCapacity * lists * 4,
  counters: 32,
  dispatches: 24,
} as const;
export const wavefrontBytes = Object.values(bufferBytes).reduce((sum, size) => sum + size, 0);

/** What of group 1 an entry point uses; of group 0 it uses these bindings of the scene, or all but these. */
interface Stage {
  readonly scene: (binding: number, variant: SceneVariant) => boolean;
  readonly own: readonly number[];
}

const nodesBinding = 1;

const stages = {
  generate: { scene: (binding) => binding === 0, own: [0, 2, 3, 4, 5] },
  extend: { scene: isForTraversal, own: [0, 2, 3, 4] },
  shade: { scene: (binding, { hasInstances }) => hasInstances || binding !== nodesBinding, own: [0, 2, 3, 4] },
  advance: { scene: () => false, own: [4, 5] },
  shadow: { scene: isForTraversal, own: [0, 2, 3, 4] },
  accumulate: { scene: (binding) => binding === 0, own: [0, 1, 2, 3] },
} as const satisfies Record<string, Stage>;

type StageName = keyof typeof stages;
const stageNames = Object.keys(stages) as StageName[];

const pipelines = new WeakMap<GPUDevice, Map<string, Promise<Record<StageName, GPUComputePipeline>>>>();

/** Compiled once per device, layout and what scenes use, all stages at the same time. */
function pipelinesFor(
  device: GPUDevice,
  layout: BvhLayout,
  variant: SceneVariant,
): Promise<Record<StageName, GPUComputePipeline>> {
  const known = pipelines.get(device) ?? new Map<string, Promise<Record<StageName, GPUComputePipeline>>>();
  pipelines.set(device, known);
  const key = `${layout.name} ${variant.key}`;
  let compiled = known.get(key);
  if (compiled === undefined) {
    const main = { name: 'path-trace-wavefront', code, requires: [path(layout), slice] };
    const shader = assembleShader(main, variant.replacements);
    compiled = Promise.all(
      stageNames.map(async (name) => {
        const label = `render.wavefront.${name}`;
        return [
          name,
          await createComputePipeline(device, { label, code: shader, entryPoint: name, constants: variant.features }),
        ] as const;
      }),
    ).then((entries) => Object.fromEntries(entries) as Record<StageName, GPUComputePipeline>);
    known.set(key, compiled);
    compiled.catch(() => known.delete(key));
  }
  return compiled;
}

/**
 * The driver with queues: the same sums as `createPathTraceKernel`, to the last bit. A slice has at most
 * `wavefrontCapacity` paths; `maxBounces` is the scene's.
 */
export async function createWavefrontKernel(
  device: GPUDevice,
  options: { readonly scene: SceneBuffers; readonly layout: BvhLayout; readonly maxBounces: number },
): Promise<PathTraceKernel> {
  const { scene, layout, maxBounces } = options;
  const compiled = await pipelinesFor(device, layout, scene.variant);
  const sliceBuffer = createSliceBuffer(device, 'render.wavefront.slice');
  const pathData = createStorageBuffer(device, 'render.wavefront.paths', bufferBytes.paths);
  const queues = createStorageBuffer(device, 'render.wavefront.queues', bufferBytes.queues);
  const counters = createStorageBuffer(device, 'render.wavefront.counters', bufferBytes.counters);
  // INDIRECT 0x100.
  const dispatches = createStorageBuffer(device, 'render.wavefront.dispatches', bufferBytes.dispatches, 0x100);
  let groups: Record<StageName, readonly (GPUBindGroup | null)[]> | undefined;
  let [pixelGroups, pathGroups] = [0, 0];

  function groupsOf(name: StageName, film: GPUBuffer): readonly (GPUBindGroup | null)[] {
    const stage: Stage = stages[name];
    const own = [sliceBuffer, film, pathData, queues, counters, dispatches];
    const entries = [
      scene.resources.filter(({ base }) => stage.scene(base, scene.variant)),
      stage.own.map((binding) => ({ binding, resource: { buffer: own[binding] as GPUBuffer } })),
    ];
    return entries.map((list, group) =>
      list.length === 0
        ? null
        : device.createBindGroup({
            label: `render.wavefront.${name}.${group}`,
            layout: compiled[name].getBindGroupLayout(group),
            entries: list,
          }),
    );
  }

  return {
    bindFilm(film) {
      const entries = stageNames.map((name) => [name, groupsOf(name, film)] as const);
      groups = Object.fromEntries(entries) as unknown as NonNullable<typeof groups>;
    },
    setSlice(next) {
      writeSlice(device, sliceBuffer, next);
      const pixels = next.tileWidth * (next.endRow - next.firstRow);
      if (pixels * next.sampleCount > wavefrontCapacity) {
        throw new RangeError(`a slice has ${pixels * next.sampleCount} paths; the limit is ${wavefrontCapacity}`);
      }
      pixelGroups = Math.ceil(pixels / workgroupSize);
      pathGroups = Math.ceil((pixels * next.sampleCount) / workgroupSize);
    },
    run(encoder) {
      if (groups === undefined) throw new Error('render.wavefront has no film: call bindFilm first');
      const bound = groups;
      const pass = encoder.beginComputePass({ label: 'render.wavefront' });
      const use = (name: StageName) => {
        pass.setPipeline(compiled[name]);
        bound[name].forEach((group, index) => pass.setBindGroup(index, group));
      };
      use('generate');
      pass.dispatchWorkgroups(pathGroups);
      for (let depth = 0; depth <= maxBounces; depth += 1) {
        use('extend');
        pass.dispatchWorkgroupsIndirect(dispatches, aliveDispatchBytes);
        use('shade');
        pass.dispatchWorkgroupsIndirect(dispatches, aliveDispatchBytes);
        use('advance');
        pass.dispatchWorkgroups(1);
        use('shadow');
        pass.dispatchWorkgroupsIndirect(dispatches, shadowDispatchBytes);
      }
      use('accumulate');
      pass.dispatchWorkgroups(pixelGroups);
      pass.end();
    },
    destroy() {
      for (const buffer of [sliceBuffer, pathData, queues, counters, dispatches]) buffer.destroy();
    },
  };
}
