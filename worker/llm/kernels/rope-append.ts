import code from '../../../shaders/llm/rope-append.wgsl?raw';
import turnCode from '../../../shaders/llm/rope-turn.wgsl?raw';
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
  /** Added to q|k|v, and gains of an RMSNorm over each head of q and of k, in `buffer` as rope-turn.wgsl says. */
  readonly parameters?: {
    readonly buffer: GPUBuffer;
    readonly hasBias: boolean;
    readonly hasNorm: boolean;
    readonly epsilon: number;
  };
}

/** What is made of the projection in front of attention, and appended to the cache. */
export interface RopeOptions extends RopeVariant {
  readonly heads: HeadShape;
  readonly ropePairs: number;
  readonly table: CacheTable;
  readonly format: CacheFormat;
  /** [row][q|k|v rows]. */
  readonly projected: GPUBuffer;
  /** [capacity][ropePairs] of (cos, sin). */
  readonly angles: GPUBuffer;
  readonly keys: GPUBuffer;
  readonly values: GPUBuffer;
}

/** In front of the kernels that take q, k and v from the projection, behind a cache format. */
export const ropeTurnCode = turnCode;

/** Overrides of `ropeTurnCode`. */
export function ropeConstants({ ropeStyle, parameters }: RopeVariant): Record<string, number> {
  return {
    HALVES: ropeStyle === 'halves' ? 1 : 0,
    HAS_BIAS: parameters?.hasBias === true ? 1 : 0,
    HAS_NORM: parameters?.hasNorm === true ? 1 : 0,
  };
}

/** Bias, norm and rotation of q and k; k and v appended to the cache; in one dispatch. */
export async function createRopeAppend(
  cache: PipelineCache,
  options: RopeOptions & { readonly query: GPUBuffer },
): Promise<Kernel> {
  const { device } = cache;
  const { headCount, keyValueHeadCount, headLength, headStride } = options.heads;
  const { table, projected, angles, query, keys, values, parameters } = options;
  const label = 'llm.rope-append';
  const constants = { HEAD_VECTORS: headStride / 4, ...ropeConstants(options) };
  const pipeline = await cache.get({ label, code: [options.format.code, turnCode, code].join('\n'), constants });
  const { capacity, pagesPerSlot, pageTableStart } = table;
  const shape = createShapeBuffer(
    device,
    `${label}.shape`,
    [headCount, keyValueHeadCount, headLength, options.ropePairs, capacity, pagesPerSlot, pageTableStart],
    [parameters?.epsilon ?? 0],
  );
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
