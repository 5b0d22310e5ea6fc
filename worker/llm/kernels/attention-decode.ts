import code from '../../../shaders/llm/attention-decode.wgsl?raw';
import memoryCode from '../../../shaders/llm/slice-sum-memory.wgsl?raw';
import subgroupCode from '../../../shaders/llm/slice-sum-subgroup.wgsl?raw';
import type { CacheFormat } from '../cache/cache-format.ts';
import {
  attentionCode,
  attentionConstants,
  createAttentionShape,
  readsAtATime,
  type AttentionOptions,
} from './attention.ts';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';
import { repeatLines } from './repeat-lines.ts';
import { ropeConstants, ropeTurnCode, type HeadShape, type RopeOptions } from './rope-append.ts';

/** Queries of a quad, and quads of a workgroup at most. */
const QUAD = 4;
const MAXIMUM_QUADS = 4;
/** Positions that a workgroup takes at a time, and its invocations. As in the shader. */
const BLOCK = 64;
const INVOCATIONS = 128;
/** Workgroups that a long context is cut into, all key/value heads together: several for each core of the largest cards. */
const WANTED_GROUPS = 512;
/** Parts of a row at most: one for each invocation of `merge`. */
const MAXIMUM_SPLITS = INVOCATIONS;

/** Parts a row is cut into at most. */
export function attentionSplits(heads: HeadShape, capacity: number): number {
  return Math.min(MAXIMUM_SPLITS, Math.ceil(WANTED_GROUPS / heads.keyValueHeadCount), Math.ceil(capacity / BLOCK));
}

/** Room for the partial results of `rowCount` rows. */
export function attentionPartsBytes(heads: HeadShape, capacity: number, rowCount: number): number {
  return rowCount * heads.headCount * attentionSplits(heads, capacity) * (heads.headStride / 4 + 1) * 16;
}

/** Bytes of keys and values that a row of `length` positions reads in one layer: once for all query heads of a group, up to 16. */
export function attentionBytesRead(heads: HeadShape, format: CacheFormat, length: number): number {
  const readers = Math.ceil(heads.headCount / heads.keyValueHeadCount / (QUAD * MAXIMUM_QUADS));
  return 2 * length * heads.keyValueHeadCount * format.headBytes(heads.headStride) * readers;
}

/**
 * Bias, norm and rotation of q and k, k and v appended to the cache, and causal grouped-query attention, of rows of any sequences, each split
 * over workgroups by its length: two dispatches, one where no row is long enough to be split. Rows of one sequence in a batch need
 * `createRopeAppend` before. headLength at most 256.
 */
export async function createAttentionDecode(
  cache: PipelineCache,
  options: AttentionOptions &
    RopeOptions & {
      /** Of `attentionPartsBytes`; shared by all layers. */
      readonly parts: GPUBuffer;
    },
): Promise<Kernel> {
  const { device } = cache;
  const { heads, table, batch, projected, angles, parameters, keys, values, output, parts } = options;
  const headsPerGroup = heads.headCount / heads.keyValueHeadCount;
  const quads = Math.min(Math.ceil(headsPerGroup / QUAD), quadsInMemory(device, heads));
  const sharedHeads = Math.min(headsPerGroup, quads * QUAD);
  const splitCount = attentionSplits(heads, table.capacity);
  const label = 'llm.attention.decode';
  const slices = slicesOf(device, heads);
  const whole = [
    slices.code,
    options.format.code,
    attentionCode,
    ropeTurnCode,
    repeatLines(code, {
      QUADS: quads,
      KEYS: Math.min(readsAtATime(device, quads <= 2 ? 4 : 2), keysOfBlock(slices.count)),
      LOADS: readsAtATime(device, quads === 1 ? 8 : 4),
      FOUR: 4,
    }),
  ].join('\n');
  const constants = attentionConstants(options);
  const mainConstants = { ...constants, ...ropeConstants(options), SLICES: slices.count };
  const [main, merge] = await Promise.all([
    cache.get({ label, code: whole, entryPoint: 'main', constants: mainConstants }),
    splitCount === 1
      ? undefined
      : cache.get({ label: `${label}.merge`, code: whole, entryPoint: 'merge', constants: mergeConstants(constants) }),
  ]);
  const work = { splitCount, sharedHeads, tokens: 1 };
  const rope = { ropePairs: options.ropePairs, epsilon: parameters?.epsilon ?? 0 };
  const shape = createAttentionShape(device, label, options, work, rope);
  const group = createBindGroup(device, label, main, [
    shape,
    table.rows,
    projected,
    keys,
    values,
    output,
    parts,
    batch,
    angles,
    parameters?.buffer ?? projected,
  ]);
  const none = undefined;
  const mergeGroup =
    merge &&
    createBindGroup(device, `${label}.merge`, merge, [shape, table.rows, none, none, none, output, parts, batch]);
  const groups = heads.keyValueHeadCount * Math.ceil(headsPerGroup / sharedHeads);
  return {
    label,
    dispatchCount: merge === undefined ? 1 : 2,
    run(pass, tokenCount, longest = table.capacity) {
      const splits = splitsInUse(options, longest, splitCount);
      pass.setPipeline(main);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups, tokenCount, splits);
      if (splits === 1 || merge === undefined || mergeGroup === undefined) return;
      pass.setPipeline(merge);
      pass.setBindGroup(0, mergeGroup);
      pass.dispatchWorkgroups(heads.headCount, tokenCount);
    },
    destroy: () => shape.destroy(),
  };
}

/** Splits at most of rows that see so many positions. As in the shader: a split has a block at least, and the first begins with one. */
function splitsInUse({ window }: AttentionOptions, longest: number, splitCount: number): number {
  const span = window === undefined ? longest : Math.min(longest, window + BLOCK - 1);
  return Math.min(splitCount, Math.ceil(span / BLOCK));
}

/** Overrides that the entry point `merge` uses: others would be refused. */
function mergeConstants({ HEAD_VECTORS = 0, WINDOW = 0 }: Record<string, number>): Record<string, number> {
  return { HEAD_VECTORS, WINDOW };
}

/** Quads whose queries and scores fit in the memory of a workgroup, beside what the shader has anyway. */
function quadsInMemory(device: GPUDevice, { headStride }: HeadShape): number {
  const otherBytes = INVOCATIONS * (2 * 16 + 8) + 512;
  const quadBytes = headStride * 16 + (BLOCK + 8) * 16;
  const fitting = Math.floor((device.limits.maxComputeWorkgroupStorageSize - otherBytes) / quadBytes);
  return Math.max(1, Math.min(MAXIMUM_QUADS, fitting));
}

/** Keys of a block that an invocation reads. */
function keysOfBlock(sliceCount: number): number {
  return Math.max(1, (BLOCK * sliceCount) / INVOCATIONS);
}

/** How many invocations share a key: four vectors each, so that neighbours read what lies side by side. */
function slicesOf(device: GPUDevice, { headStride }: HeadShape): { count: number; code: string } {
  const wanted = 2 ** Math.ceil(Math.log2(Math.max(1, headStride / 16)));
  // At least 4 wherever there are subgroups.
  const subgroup = device.features.has('subgroups') ? (device.adapterInfo?.subgroupMinSize ?? 4) : 0;
  if (subgroup === 0) return { count: wanted, code: memoryCode };
  return { count: Math.min(wanted, subgroup), code: subgroupCode };
}
