import { expect, test } from 'vitest';
import type { Camera, Material, PunctualLight, Scene, Vector3 } from '../../../worker/render/scene/scene.ts';
import { createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import { getTestDevice } from '../test-device.ts';
import { renderMeans } from './render-sums.ts';
import { box, cameraAt, quad, sceneOf, white } from './scene-fixtures.ts';

/** KHR_materials_specular with factor 0 leaves Lambert's surface. */
const lambert: Material = { ...white, baseColor: [0.6, 0.6, 0.6], specular: { factor: 0, color: [1, 1, 1] } };
/** Looks down on the origin from a height, at a spot so small that light is even across it. */
const above: Camera = {
  origin: [0, 4, 0],
  right: [1, 0, 0],
  up: [0, 0, -1],
  forward: [0, -1, 0],
  verticalFieldOfViewRadians: 0.002,
};
const floor = quad([-9, 0, 9], [9, 0, 9], [9, 0, -9], [-9, 0, -9], 0);

async function meanOf(scene: Scene, samples: number, maxBounces: number): Promise<number> {
  const settings = { widthPixels: 8, heightPixels: 8, seed: 21, maxBounces };
  const renderer = await createSceneRenderer(await getTestDevice(), scene, settings);
  const means = await renderMeans(renderer, settings, samples);
  renderer.destroy();
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

test('a lamp at a distance r lights a matt floor with rho / pi x I / r^2', async () => {
  for (const height of [0.5, 2, 3.5]) {
    const lamp: PunctualLight = {
      kind: 'point',
      position: [0, height, 0],
      direction: [0, 0, -1],
      intensity: [3, 3, 3],
    };
    const scene = sceneOf(floor, { materials: [lambert], camera: above, punctualLights: [lamp] });
    expect((await meanOf(scene, 4, 1)) / (((0.6 / Math.PI) * 3) / height ** 2)).toBeCloseTo(1, 3);
  }
}, 180_000);

test.each([
  ['large and near', 2, 3, 1],
  ['small and far', 0.3, 0.2, 3],
  ['a long tube', 6, 0.1, 2],
])('a rectangle lights a matt floor by its form factor: %s', async (_name, width, depth, height) => {
  const corner = (x: number, z: number): Vector3 => [(x * width) / 2, height, (z * depth) / 2];
  const scene = sceneOf([...floor, ...quad(corner(-1, -1), corner(1, -1), corner(1, 1), corner(-1, 1), 1)], {
    materials: [lambert, { ...lambert, emission: [5, 5, 5] }],
    // Below the lamp, which would hide the floor.
    camera: { ...above, origin: [0, height * 0.9, 0] },
  });
  const [a, b] = [width / 2 / height, depth / 2 / height];
  const [p, q] = [Math.sqrt(1 + a * a), Math.sqrt(1 + b * b)];
  const formFactor = (4 / (2 * Math.PI)) * ((a / p) * Math.atan(b / p) + (b / q) * Math.atan(a / q));
  expect((await meanOf(scene, 1024, 1)) / (0.6 * 5 * formFactor)).toBeCloseTo(1, 2);
});

test.each([
  [1, 256],
  [12, 1024],
])(
  'in a closed box that glows everywhere, %s bounces add up to E (1 - rho^(n+1)) / (1 - rho)',
  async (bounces, samples) => {
    const scene = sceneOf(box([0, 0, 0], [2, 2, 2], 0.2, 0), {
      materials: [{ ...lambert, emission: [0.5, 0.5, 0.5], doubleSided: true }],
      camera: cameraAt([0, 0, 0], 1),
    });
    const expected = (0.5 * (1 - 0.6 ** (bounces + 1))) / (1 - 0.6);
    expect((await meanOf(scene, samples, bounces)) / expected).toBeCloseTo(1, 2);
  },
);

test('light through a thin sheet keeps its direction and takes the base colour', async () => {
  const sheet: Material = { ...lambert, baseColor: [0.5, 0.5, 0.5], transmission: 1, roughness: 0 };
  const scene = sceneOf(quad([-9, 2, 9], [9, 2, 9], [9, 2, -9], [-9, 2, -9], 0), {
    materials: [sheet],
    camera: above,
    background: [2, 2, 2],
  });
  expect((await meanOf(scene, 64, 2)) / 1).toBeCloseTo(1, 2);
});
