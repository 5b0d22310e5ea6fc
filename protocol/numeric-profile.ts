import type { NumericProfile } from './agreement.ts';

/**
 * How a model is loaded to compute or to check under a profile: with its keys and values kept in half precision under `f16`, as
 * computed otherwise. Both work on every adapter, so that whoever checks rounds as the provider did.
 */
export function cacheTypeOf(profile: NumericProfile): 'f16' | 'f32' {
  return profile === 'f16' ? 'f16' : 'f32';
}

/** What a provider with such an adapter agrees to: `f16` where there is half precision to be used. */
export function numericProfileOf(adapter: { readonly features: readonly string[] }): NumericProfile {
  return adapter.features.includes('shader-f16') ? 'f16' : 'f32';
}
