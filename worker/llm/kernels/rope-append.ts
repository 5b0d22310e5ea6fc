import code from '../../../shaders/llm/rope-append.wgsl?raw';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';

/** Head geometry shared by the attention kernels. */
export interface HeadShape {
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headLength: number;
  /** headLength rounded up to 4. */
  readonly headStride: number;
}

/** Rotates q and k and appends k and v to the cache, in one dispatch. */
export async function createRopeAppend(
  cache: PipelineCache,
  options: {
    heads: HeadShape;
    ropePairs: number;
    capacity: number;
    state: GPUBuffer;
    projected: GPUBuffer;
    table: GPUBuffer;
    query: GPUBuffer;
    keys: GPUBuffer;
    values: GPUBuffer;
  },
): Promise<Kernel> {
  const { device } = cache;
  const { headCount, keyValueHeadCount, headLength, headStride } = options.heads;
  const label = 'llm.rope-append';
  const pipeline = await cache.get({ label, code });
  const shape = createShapeBuffer(device, `${label}.shape`, [
    headCount,
    keyValueHeadCount,
    headLength,
    headStride,
    options.ropePairs,
    options.capacity,
  ]);
  const { state, projected, table, query, keys, values } = options;
  const group = createBindGroup(device, label, pipeline, [shape, state, projected, table, query, keys, values]);
  const groups = Math.ceil(((headCount + 2 * keyValueHeadCount) * headLength) / 2 / 64);
  return {
    label,
    dispatchCount: 1,
    run(pass, tokenCount) {
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups, tokenCount);
    },
    destroy: () => shape.destroy(),
  };
}
