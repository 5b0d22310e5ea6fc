/** How keys and values are kept: as computed, in half precision, or in blocks of 32 bytes with a scale each. */
export const CACHE_TYPES = ['f32', 'f16', 'q8_0'] as const;
export type CacheType = (typeof CACHE_TYPES)[number];

/** Half precision where the adapter computes with it, else as computed: a processor that stands in for a card only loses by converting. */
export function defaultCacheType(features: { has(name: string): boolean }): CacheType {
  return features.has('shader-f16') ? 'f16' : 'f32';
}
