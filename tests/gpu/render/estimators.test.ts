import { expect, test } from 'vitest';
import type { Material, Scene } from '../../../worker/render/scene/scene.ts';
import { deviations, estimate } from './estimate.ts';
import { box, cameraAt, quad, sceneOf, white } from './scene-fixtures.ts';

function lampRoom(surface: Partial<Material>): Scene {
  return sceneOf(
    [
      ...quad([-3, -1, 3], [3, -1, 3], [3, -1, -3], [-3, -1, -3], 0),
      ...quad([-3, -1, -3], [3, -1, -3], [3, 3, -3], [-3, 3, -3], 0),
      ...box([0.8, -0.4, -1], [1, 1.2, 1], 0.4, 0),
      ...quad([-2, 2, -2], [1, 2, -2], [1, 2, 1], [-2, 2, 1], 1),
    ],
    {
      materials: [
        { ...white, baseColor: [0.7, 0.7, 0.7], ...surface },
        { ...white, baseColor: [0, 0, 0], emission: [3, 3, 3] },
      ],
      camera: cameraAt([0, 0.4, 5], 0.5),
    },
  );
}

const volume = { attenuationColor: [0.4, 0.7, 0.9], attenuationDistance: 1 } as const;

test.each<[string, Partial<Material>]>([
  ['matt', { roughness: 1 }],
  ['glossy', { roughness: 0.3 }],
  ['metal', { metallic: 1, roughness: 0.4 }],
  ['frosted glass', { transmission: 1, roughness: 0.4, volume }],
  ['lacquered', { clearcoat: { factor: 1, roughness: 0.2 } }],
])(
  'lights that are chosen and lights that are only met give the same picture of a %s room',
  async (_name, surface) => {
    const scene = lampRoom(surface);
    const [both, met] = [await estimate(scene), await estimate(scene, { lights: [] })];
    expect(deviations(both, met)).toBeLessThan(3);
    expect(both.error).toBeLessThan(met.error);
  },
  180_000,
);

test.each<[string, Partial<Material>]>([
  ['matt', { roughness: 1 }],
  ['glossy', { roughness: 0.5 }],
])(
  'light by choice alone gives the same picture of a %s room as light met, or both',
  async (_name, surface) => {
    const scene = lampRoom(surface);
    const chosen = await estimate(scene, { samples: 256, isOnlyChosen: true });
    const [both, met] = [await estimate(scene, { samples: 256 }), await estimate(scene, { samples: 256, lights: [] })];
    expect(deviations(chosen, both)).toBeLessThan(3);
    expect(deviations(chosen, met)).toBeLessThan(3);
    // Not the same sums under another name.
    expect(chosen.error).not.toBe(both.error);
  },
  180_000,
);
