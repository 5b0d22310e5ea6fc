import code from '../../../shaders/llm/attention.wgsl?raw';
import { isSoftwareAdapter } from '../../gpu/adapter-choice.ts';
import type { CacheFormat, CacheTable } from '../cache/cache-format.ts';
import { createShapeBuffer } from './kernel.ts';
import type { HeadShape } from './rope-append.ts';

/** In front of the attention kernels, behind a cache format. */
export const attentionCode = code;

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
  /** Uniform: the count of rows, and 1 where their keys and values are in the cache before a decode, which else appends them. */
  readonly batch: GPUBuffer;
  readonly keys: GPUBuffer;
  readonly values: GPUBuffer;
  readonly output: GPUBuffer;
  readonly outputStride: number;
}

/** Overrides that every attention kernel has. */
export function attentionConstants({ heads, window, softCap }: AttentionOptions): Record<string, number> {
  return { HEAD_VECTORS: heads.headStride / 4, WINDOW: window ?? 0, SOFT_CAP: softCap ?? 0 };
}

/** The uniform of `attention.wgsl`. `sharedHeads` and `tokens` are those of a workgroup. */
export function createAttentionShape(
  device: GPUDevice,
  label: string,
  options: AttentionOptions,
  work: { splitCount: number; sharedHeads: number; tokens: number },
  rope: { ropePairs: number; epsilon: number } = { ropePairs: 0, epsilon: 0 },
): GPUBuffer {
  const { table, outputStride } = options;
  const { headCount, keyValueHeadCount, headLength } = options.heads;
  return createShapeBuffer(
    device,
    `${label}.shape`,
    [
      headCount,
      keyValueHeadCount,
      headLength,
      outputStride,
      table.pagesPerSlot,
      table.pageTableStart,
      work.splitCount,
      work.sharedHeads,
      work.tokens,
      rope.ropePairs,
      table.capacity,
    ],
    [options.scale ?? 1 / Math.sqrt(headLength), rope.epsilon],
  );
}

/** Reads that an invocation has under way together. A processor has no latency to hide, and compiles every repeated line. */
export function readsAtATime(device: GPUDevice, wanted: number): number {
  return isSoftwareAdapter(device.adapterInfo) ? 2 : wanted;
}
