import { expect, test } from 'vitest';
import type { Material, Scene } from '../../../worker/render/scene/scene.ts';
import { createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import { renderReference } from '../reference/path-tracer.ts';
import { getTestDevice } from '../test-device.ts';
import { blockErrors, blockMeans } from './compare-blocks.ts';
import { meanLight } from './furnace.ts';
import { renderMeans } from './render-sums.ts';
import { box, cameraAt, facetedSphere, quad, sceneOf, white } from './scene-fixtures.ts';

const settings = { widthPixels: 16, heightPixels: 16, seed: 5, maxBounces: 5 };

const materials: readonly Material[] = [
  { ...white, baseColor: [0.73, 0.73, 0.73] },
  { ...white, baseColor: [0.63, 0.06, 0.05] },
  { ...white, baseColor: [0.14, 0.45, 0.09], roughness: 0.4 },
  { ...white, baseColor: [0.9, 0.7, 0.4], metallic: 1, roughness: 0.45 },
  { ...white, baseColor: [0.3, 0.4, 0.8], metallic: 0.5, roughness: 0.6 },
  { ...white, baseColor: [0.5, 0.5, 0.5], emission: [4, 3.7, 3] },
];

/** A Cornell box, 2 x 2 x 2 around the origin and open to the camera below a lintel, with surfaces of every kind. */
function cornellBox(brightness = 1): Scene {
  const lit = materials.map((material) => ({
    ...material,
    baseColor: [
      material.baseColor[0] * brightness,
      material.baseColor[1] * brightness,
      material.baseColor[2] * brightness,
    ],
  })) as Material[];
  return sceneOf(
    [
      ...quad([-1, -1, 1], [1, -1, 1], [1, -1, -1], [-1, -1, -1], 0),
      ...quad([-1, 1, -1], [1, 1, -1], [1, 1, 1], [-1, 1, 1], 0),
      ...quad([-1, -1, -1], [1, -1, -1], [1, 1, -1], [-1, 1, -1], 0),
      ...quad([-1, -1, 1], [-1, -1, -1], [-1, 1, -1], [-1, 1, 1], 1),
      ...quad([1, -1, -1], [1, -1, 1], [1, 1, 1], [1, 1, -1], 2),
      ...box([-0.35, -0.4, -0.3], [0.6, 1.2, 0.6], 0.3, 3),
      ...box([0.35, -0.7, 0.3], [0.6, 0.6, 0.6], -0.3, 4),
      ...quad([-0.6, 0.99, -0.6], [0.6, 0.99, -0.6], [0.6, 0.99, 0.6], [-0.6, 0.99, 0.6], 5),
      // Hides the lamp from the camera: seen at a grazing angle, it would be the noisiest thing in the picture.
      ...quad([-1, 0.6, 1], [1, 0.6, 1], [1, 1, 1], [-1, 1, 1], 0),
    ],
    { materials: lit, camera: cameraAt([0, 0, 3.8], 0.69), background: [0.02, 0.03, 0.05] },
  );
}

test('a box of matt, glossy and metal surfaces looks as a float64 path tracer computes it', async () => {
  const reference = blockMeans(renderReference(cornellBox(), { ...settings, samples: 400 }), 16, 16);
  const renderer = await createSceneRenderer(await getTestDevice(), cornellBox(), settings);
  const rendered = blockMeans(await renderMeans(renderer, settings, 512), 16, 16);
  renderer.destroy();
  const errors = blockErrors(rendered, reference);
  expect(errors).toHaveLength(4);
  expect(Math.max(...errors)).toBeLessThan(0.02);
}, 180_000);

test('the comparison notices surfaces that are five per cent too dark', async () => {
  const reference = blockMeans(renderReference(cornellBox(0.95), { ...settings, samples: 100 }), 16, 16);
  const renderer = await createSceneRenderer(await getTestDevice(), cornellBox(), settings);
  const rendered = blockMeans(await renderMeans(renderer, settings, 128), 16, 16);
  renderer.destroy();
  expect(Math.max(...blockErrors(rendered, reference))).toBeGreaterThan(0.03);
});

const volume = { attenuationColor: [1, 1, 1], attenuationDistance: Infinity } as const;

const furnace: readonly [string, Partial<Material>][] = [
  ['matt', { roughness: 1 }],
  ['glossy', { roughness: 0.35 }],
  ['polished', { roughness: 0 }],
  ['rough metal', { metallic: 1, roughness: 1 }],
  ['brushed metal', { metallic: 1, roughness: 0.5 }],
  ['smooth metal', { metallic: 1, roughness: 0 }],
  ['half metal', { metallic: 0.5, roughness: 0.7 }],
  ['diamond', { ior: 2.4, roughness: 0.1 }],
  ['velvety, without reflection', { specular: { factor: 0, color: [1, 1, 1] }, roughness: 0.6 }],
  ['soap bubble', { transmission: 1, roughness: 0 }],
  ['frosted bubble', { transmission: 0.7, roughness: 0.6 }],
  ['clear glass', { transmission: 1, roughness: 0, volume }],
  ['frosted glass', { transmission: 1, roughness: 0.5, volume }],
  ['rough ice', { transmission: 1, roughness: 0.6, ior: 1.31, volume }],
  ['nearly clear glass', { transmission: 1, roughness: 0.15, volume }],
  ['glass that is half plastic', { transmission: 0.5, roughness: 0.3, ior: 1.33, volume }],
  ['lacquered', { clearcoat: { factor: 1, roughness: 0 }, roughness: 0.8 }],
  ['lacquered metal', { clearcoat: { factor: 0.6, roughness: 0.4 }, metallic: 1, roughness: 0.3 }],
];

/** Light that got into a bubble takes a while to get out. */
const patient = { ...settings, maxBounces: 64 };

test.each(furnace)(
  'a white %s ball disappears in a white world',
  async (_name, surface) => {
    const scene = sceneOf(facetedSphere(1, 12, 0), {
      materials: [{ ...white, ...surface }],
      camera: cameraAt([0, 0, 5], 0.26),
      background: [1, 1, 1],
    });
    const renderer = await createSceneRenderer(await getTestDevice(), scene, patient);
    const { mean, error } = await meanLight(renderer, 256);
    renderer.destroy();
    // Light leaves rough glass after many reflections, whose noise is more than a thousandth.
    expect(Math.abs(mean - 1)).toBeLessThan(Math.max(1e-3, 3 * error));
  },
  180_000,
);

test('without bounces only emitters are seen, from their front side', async () => {
  const scene = sceneOf(
    [
      ...quad([-1, -1, 0], [0, -1, 0], [0, 1, 0], [-1, 1, 0], 0),
      // Wound the other way round: its front looks away from the camera.
      ...quad([0, 1, 0], [1, 1, 0], [1, -1, 0], [0, -1, 0], 0),
    ],
    { materials: [{ ...white, emission: [3, 2, 1] }], camera: cameraAt([0, 0, 5], 0.3) },
  );
  const plain = { ...settings, maxBounces: 0 };
  const renderer = await createSceneRenderer(await getTestDevice(), scene, plain);
  const means = await renderMeans(renderer, plain, 4);
  renderer.destroy();
  const row = Array.from(means.slice(8 * 16 * 3, 9 * 16 * 3));
  expect(row).toEqual(
    [...Array.from({ length: 8 }, () => [3, 2, 1]), ...Array.from({ length: 8 }, () => [0, 0, 0])].flat(),
  );
});
