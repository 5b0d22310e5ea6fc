import byteCode from '../../../shaders/llm/cache-q8-0.wgsl?raw';
import halfCode from '../../../shaders/llm/cache-f16.wgsl?raw';
import floatCode from '../../../shaders/llm/cache-f32.wgsl?raw';
import encodeHalfCode from '../../../shaders/llm/encode-half.wgsl?raw';
import type { CacheType } from './cache-type.ts';

/** Positions of one page. As in the shaders. */
export const PAGE_TOKENS = 16;

/** How the key/value cache stores numbers: the text in front of the kernels that touch it, and what a head takes. */
export interface CacheFormat {
  readonly type: CacheType;
  readonly code: string;
  /** Bytes of one head at one position, keys or values. `headStride`: headLength rounded up to 4. */
  headBytes(headStride: number): number;
}

export const CACHE_FORMATS: Readonly<Record<CacheType, CacheFormat>> = {
  f32: { type: 'f32', code: floatCode, headBytes: (headStride) => headStride * 4 },
  f16: { type: 'f16', code: `${encodeHalfCode}\n${halfCode}`, headBytes: (headStride) => headStride * 2 },
  // A byte each, and for every 64 numbers the scales of two blocks in a word.
  q8_0: {
    type: 'q8_0',
    code: `${encodeHalfCode}\n${byteCode}`,
    headBytes: (headStride) => headStride + Math.ceil(headStride / 64) * 4,
  },
};

/** Bytes of a page of one layer, keys or values: 16 positions of all heads. */
export function planePageBytes(
  { keyValueHeadCount, headStride }: { keyValueHeadCount: number; headStride: number },
  format: CacheFormat,
): number {
  return PAGE_TOKENS * keyValueHeadCount * format.headBytes(headStride);
}

/** Where the kernels find their rows and the pages of each slot. */
export interface CacheTable {
  /** (slot, position) of each row of the batch, then from `pageTableStart` (in words) on the pages [slot][pagesPerSlot]. */
  readonly rows: GPUBuffer;
  readonly pageTableStart: number;
  readonly pagesPerSlot: number;
  /** Positions of a slot: pagesPerSlot * 16 or less. */
  readonly capacity: number;
}
