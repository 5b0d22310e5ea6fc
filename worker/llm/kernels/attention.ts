import code from '../../../shaders/llm/attention.wgsl?raw';
import type { CacheFormat, CacheTable } from '../cache/cache-format.ts';
import { createBindGroup, createShapeBuffer, type Kernel, type PipelineCache } from './kernel.ts';
import type { HeadShape } from './rope-append.ts';

/** Query heads that share a workgroup, and with it the keys and values it reads. */
const SHARED_HEADS = 4;
/** Queries (heads x tokens) of a prefill workgroup. */
const PREFILL_QUERIES = 4;
/** Parts that a long context is cut into for one token; positions of a part are a multiple of 64. */
const MAXIMUM_SPLITS = 32;

/** What architectures vary in attention. */
export interface AttentionVariant {
  /** Of the dot products; 1 / sqrt(headLength) when left out. */
  readonly scale?: number;
  /** Scores pass through c tanh(score / c). */
  readonly softCap?: number;
  /** Positions a token sees, itself included; all when left out. */
  readonly window?: number;
}

export interface AttentionOptions extends AttentionVariant {
  readonly heads: HeadShape;
  readonly table: CacheTable;
  readonly format: CacheFormat;
  /** Uniform whose first word is the count of rows. */
  readonly batch: GPUBuffer;
  readonly query: GPUBuffer;
  readonly keys: GPUBuffer;
  readonly values: GPUBuffer;
  readonly output: GPUBuffer;
  readonly outputStride: number;
  /** False: decode in one dispatch, however long the context; for layers whose other dispatches leave no room for a second. */
  readonly isSplit?: boolean;
  /** Of `attentionPartsBytes`; shared by all layers. */
  readonly parts: GPUBuffer;
}

/** Parts a token's attention is cut into at most. */
export function attentionSplits(capacity: number): number {
  return Math.min(MAXIMUM_SPLITS, Math.ceil(capacity / 64));
}

/** Room for the partial results of `rowCount` rows in decode. */
export function attentionPartsBytes(heads: HeadShape, capacity: number, rowCount: number): number {
  return rowCount * heads.headCount * attentionSplits(capacity) * (heads.headStride / 4 + 1) * 16;
}

/** Bytes of keys and values that one token of a context of `length` reads in one layer: once per 4 query heads of a group. */
export function attentionBytesRead(heads: HeadShape, format: CacheFormat, length: number): number {
  const readers = Math.ceil(heads.headCount / heads.keyValueHeadCount / SHARED_HEADS);
  return 2 * length * heads.keyValueHeadCount * heads.headStride * format.bytesPerNumber * readers;
}

/**
 * Causal grouped-query attention over the paged cache. `decode`: rows of any sequences, each split over workgroups by its length; two
 * dispatches, one where the context is too short to split. `prefill`: rows that follow each other in one sequence; one dispatch.
 * headLength at most 256.
 */
export async function createAttention(
  cache: PipelineCache,
  kind: 'decode' | 'prefill',
  options: AttentionOptions,
): Promise<Kernel> {
  const { device } = cache;
  const { headCount, keyValueHeadCount, headLength, headStride } = options.heads;
  const headsPerGroup = headCount / keyValueHeadCount;
  const sharedHeads = Math.min(headsPerGroup, SHARED_HEADS);
  const tokens = kind === 'decode' ? 1 : Math.max(1, Math.floor(PREFILL_QUERIES / sharedHeads));
  const splits = kind === 'decode' && options.isSplit !== false ? attentionSplits(options.table.capacity) : 1;
  const label = `llm.attention.${kind}`;
  const constants = { HEAD_VECTORS: headStride / 4, WINDOW: options.window ?? 0 };
  const whole = `${options.format.code}\n${code}`;
  const [main, merge] = await Promise.all([
    cache.get({ label, code: whole, entryPoint: 'main', constants: { ...constants, SOFT_CAP: options.softCap ?? 0 } }),
    splits === 1 ? undefined : cache.get({ label: `${label}.merge`, code: whole, entryPoint: 'merge', constants }),
  ]);
  const { table, batch, query, keys, values, output, parts } = options;
  const shape = createShapeBuffer(
    device,
    `${label}.shape`,
    [
      headCount,
      keyValueHeadCount,
      headLength,
      options.outputStride,
      table.pagesPerSlot,
      table.pageTableStart,
      splits,
      sharedHeads,
      tokens,
    ],
    [options.scale ?? 1 / Math.sqrt(headLength)],
  );
  const group = createBindGroup(device, label, main, [shape, table.rows, query, keys, values, output, parts, batch]);
  const nothing = undefined;
  const mergeGroup =
    merge &&
    createBindGroup(device, `${label}.merge`, merge, [
      shape,
      table.rows,
      nothing,
      nothing,
      nothing,
      output,
      parts,
      batch,
    ]);
  const groups = keyValueHeadCount * Math.ceil(headsPerGroup / sharedHeads);
  return {
    label,
    dispatchCount: merge === undefined ? 1 : 2,
    run(pass, tokenCount) {
      pass.setPipeline(main);
      pass.setBindGroup(0, group);
      pass.dispatchWorkgroups(groups, Math.ceil(tokenCount / tokens), splits);
      if (merge === undefined || mergeGroup === undefined) return;
      pass.setPipeline(merge);
      pass.setBindGroup(0, mergeGroup);
      pass.dispatchWorkgroups(headCount, tokenCount);
    },
    destroy: () => shape.destroy(),
  };
}
