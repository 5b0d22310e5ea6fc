import { expect, it } from 'vitest';
import { cacheTypeOf, numericProfileOf } from '../../protocol/numeric-profile.ts';

it.each([
  [['subgroups'], 'f32', 'f32'],
  [['shader-f16', 'subgroups'], 'f16', 'f16'],
] as const)('an adapter with %j computes under the profile %s, its cache in %s', (features, profile, cacheType) => {
  expect(numericProfileOf({ features })).toBe(profile);
  expect(cacheTypeOf(profile)).toBe(cacheType);
});

it('bytes that must be equal are made of what was computed, not of what was rounded', () => {
  expect(cacheTypeOf('strict')).toBe('f32');
});
