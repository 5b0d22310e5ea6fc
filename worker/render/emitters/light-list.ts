import type { EnvironmentMap } from '../environment/environment-map.ts';
import { type PunctualLight, type Scene, luminance } from '../scene/scene.ts';
import { type Emitter, listEmitters } from './emitter-list.ts';

/** One light that a vertex may choose; `weight` is its power over pi, in the units of area x luminance. */
export type LightEntry =
  | { readonly kind: 'triangle'; readonly weight: number; readonly triangle: number }
  | { readonly kind: 'punctual'; readonly weight: number; readonly light: PunctualLight }
  | { readonly kind: 'environment'; readonly weight: number };

/** The environment gets at least this share of the choices beside other lights, and leaves them as much. */
const smallestShare = 0.25;

/** Triangles in document order, then points, spots and suns, then the environment. */
export function listLights(scene: Scene, environment: EnvironmentMap | undefined): LightEntry[] {
  const emitters = listEmitters(scene).map((emitter: Emitter): LightEntry => ({ kind: 'triangle', ...emitter }));
  const { minimum, maximum } = scene.boundingBox;
  // Squared radius of a sphere around the scene: what a parallel light shines through.
  const reach =
    [0, 1, 2].reduce((sum, axis) => sum + ((maximum[axis] as number) - (minimum[axis] as number)) ** 2, 0) / 4;
  const punctual = scene.punctualLights.flatMap((light): LightEntry[] => {
    const weight = powerOf(light, reach);
    return weight > 0 && Number.isFinite(weight) ? [{ kind: 'punctual', weight, light }] : [];
  });
  const near = [...emitters, ...punctual];
  if (environment === undefined || !(environment.totalLuminance > 0)) return near;
  const others = near.reduce((sum, light) => sum + light.weight, 0);
  const bound = smallestShare / (1 - smallestShare);
  const own = reach * environment.totalLuminance;
  const weight = others > 0 ? Math.min(others / bound, Math.max(others * bound, own)) : 1;
  return [...near, { kind: 'environment', weight }];
}

function powerOf(light: PunctualLight, reach: number): number {
  const brightness = luminance(light.intensity);
  if (light.kind === 'directional') return brightness * reach;
  return brightness * (light.cone === undefined ? 4 : 2 * (1 - light.cone.outerCosine));
}
