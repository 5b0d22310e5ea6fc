import halfCode from '../../../shaders/llm/cache-f16.wgsl?raw';
import floatCode from '../../../shaders/llm/cache-f32.wgsl?raw';

/** Positions of one page. As in the shaders. */
export const PAGE_TOKENS = 16;

export type CacheType = 'f32' | 'f16';

/** How the key/value cache stores numbers: the text in front of the kernels that touch it, and bytes per number. */
export interface CacheFormat {
  readonly type: CacheType;
  readonly code: string;
  readonly bytesPerNumber: number;
}

export const CACHE_FORMATS: Readonly<Record<CacheType, CacheFormat>> = {
  f32: { type: 'f32', code: floatCode, bytesPerNumber: 4 },
  f16: { type: 'f16', code: halfCode, bytesPerNumber: 2 },
};

/** Where the kernels find their rows and the pages of each slot. */
export interface CacheTable {
  /** (slot, position) of each row of the batch, then from `pageTableStart` (in words) on the pages [slot][pagesPerSlot]. */
  readonly rows: GPUBuffer;
  readonly pageTableStart: number;
  readonly pagesPerSlot: number;
  /** Positions of a slot: pagesPerSlot * 16 or less. */
  readonly capacity: number;
}
