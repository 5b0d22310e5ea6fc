import code from '../../../shaders/llm/rope-append.wgsl?raw';
import type { CacheFormat, CacheTable } from '../cache/cache-format.ts';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';

/** Head geometry shared by the attention kernels. */
export interface HeadShape {
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headLength: number;
  /** headLength rounded up to 4. */
  readonly headStride: number;
}

/** What architectures vary between the q|k|v projection and attention. */
export interface RopeVariant {
  /** Which elements turn together: neighbours, or the two halves of the rope dimensions. */
  readonly ropeStyle?: 'neighbours' | 'halves';
  /** Added to q|k|v, and gains of an RMSNorm over each head of q and of k, in `buffer` as the shader says. */
  readonly parameters?: {
    readonly buffer: GPUBuffer;
    readonly hasBias: boolean;
    readonly hasNorm: boolean;
    readonly epsilon: number;
  };
}

/** Bias, norm and rotation of q and k; k and v appended to the cache; in one dispatch. */
export async function createRopeAppend(
  cache: PipelineCache,
  options: RopeVariant & {
    heads: HeadShape;
    ropePairs: number;
    table: CacheTable;
    format: CacheFormat;
    projected: GPUBuffer;
    angles: GPUBuffer;
    query: GPUBuffer;
    keys: GPUBuffer;
    values: GPUBuffer;
  },
): Promise<Kernel> {
  const { device } = cache;
  const { headCount, keyValueHeadCount, headLength, headStride } = options.heads;
  const label = 'llm.rope-append';
  const { parameters } = options;
  const constants = {
    HEAD_VECTORS: headStride / 4,
    HALVES: options.ropeStyle === 'halves' ? 1 : 0,
    HAS_BIAS: parameters?.hasBias === true ? 1 : 0,
    HAS_NORM: parameters?.hasNorm === true ? 1 : 0,
  };
  const pipeline = await cache.get({ label, code: `${options.format.code}\n${code}`, constants });
  const shape = createShapeBuffer(
    device,
    `${label}.shape`,
    [
      headCount,
      keyValueHeadCount,
      headLength,
      headStride,
      options.ropePairs,
      options.table.capacity,
      options.table.pagesPerSlot,
      options.table.pageTableStart,
    ],
    [parameters?.epsilon ?? 0],
  );
  const { table, projected, angles, query, keys, values } = options;
  const group = createBindGroup(device, label, pipeline, [
    shape,
    table.rows,
    projected,
    angles,
    query,
    keys,
    values,
    parameters?.buffer ?? projected,
  ]);
  const groups = headCount + 2 * keyValueHeadCount;
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
