import { beforeAll, expect, test } from 'vitest';
import { type EnvironmentMap, buildEnvironmentMap } from '../../../worker/render/environment/environment-map.ts';
import type { Camera, Material, PunctualLight, Scene, Vector3 } from '../../../worker/render/scene/scene.ts';
import { createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import { getTestDevice } from '../test-device.ts';
import { renderMeans } from './render-sums.ts';
import { cameraAt, facetedSphere, quad, sceneOf, white } from './scene-fixtures.ts';

const settings = { widthPixels: 8, heightPixels: 8, seed: 11, maxBounces: 1 };
const matt: Material = { ...white, baseColor: [0.5, 0.5, 0.5] };

/** Looks straight down on the origin from a height, at a spot so small that light is even across it. */
const above: Camera = {
  origin: [0, 4, 0],
  right: [1, 0, 0],
  up: [0, 0, -1],
  forward: [0, -1, 0],
  verticalFieldOfViewRadians: 0.002,
};

function floorUnder(punctualLights: readonly PunctualLight[]): Scene {
  return sceneOf(quad([-9, 0, 9], [9, 0, 9], [9, 0, -9], [-9, 0, -9], 0), {
    materials: [matt],
    camera: above,
    punctualLights,
  });
}

async function meanOf(scene: Scene, samples: number, environment?: EnvironmentMap, maxBounces = 1): Promise<Vector3> {
  const options = environment === undefined ? {} : { environment };
  const plain = { ...settings, maxBounces };
  const renderer = await createSceneRenderer(await getTestDevice(), scene, plain, options);
  const means = await renderMeans(renderer, plain, samples);
  renderer.destroy();
  const channel = (index: number) =>
    means.reduce((sum, value, place) => (place % 3 === index ? sum + value : sum), 0) / 64;
  return [channel(0), channel(1), channel(2)];
}

const lamp: PunctualLight = { kind: 'point', position: [0, 2, 0], direction: [0, 0, -1], intensity: [8, 4, 2] };

// Compiles the kernel, which takes a while where nothing of it is cached.
beforeAll(async () => {
  await meanOf(floorUnder([lamp]), 1);
  await meanOf(
    floorUnder([lamp]),
    1,
    picture(8, 4, () => [1, 1, 1]),
  );
}, 180_000);

test('a lamp twice as far away gives a quarter of the light, and its colour', async () => {
  const near = await meanOf(floorUnder([lamp]), 16);
  const far = await meanOf(floorUnder([{ ...lamp, position: [0, 3.999, 0] }]), 16);
  expect(near[0] / far[0]).toBeCloseTo((3.999 / 2) ** 2, 2);
  expect(near[0] / near[1]).toBeCloseTo(2, 3);
  // Straight above a surface seen from straight above: f = (diffuse + coat) with cosines 1, E = I / r^2.
  expect(near[0]).toBeGreaterThan((0.5 / Math.PI) * 2 * 0.9);
  expect(near[0]).toBeLessThan((0.5 / Math.PI) * 2 * 1.1);
});

test('a sun gives the light of a lamp of the same irradiance', async () => {
  const sun: PunctualLight = {
    kind: 'directional',
    position: [5, 5, 5],
    direction: [0, -1, 0],
    intensity: [2, 1, 0.5],
  };
  const [fromSun, fromLamp] = [await meanOf(floorUnder([sun]), 16), await meanOf(floorUnder([lamp]), 16)];
  fromSun.forEach((value, channel) => expect(value / (fromLamp[channel] as number)).toBeCloseTo(1, 3));
});

test('a spot shines fully inside its inner cone, by the square between the cones, and not outside', async () => {
  const cone = { innerCosine: 0.95, outerCosine: 0.75 };
  const full = await meanOf(floorUnder([lamp]), 16);
  const tilted = (cosine: number): PunctualLight => ({
    ...lamp,
    kind: 'spot',
    cone,
    direction: [Math.sqrt(1 - cosine * cosine), -cosine, 0],
  });
  expect((await meanOf(floorUnder([tilted(0.98)]), 16))[0] / full[0]).toBeCloseTo(1, 3);
  expect((await meanOf(floorUnder([tilted(0.85)]), 16))[0] / full[0]).toBeCloseTo(0.25, 2);
  expect((await meanOf(floorUnder([tilted(0.7)]), 16))[0]).toBe(0);
});

test('two lamps give the sum of their light', async () => {
  const other: PunctualLight = { ...lamp, position: [1, 1, 0], intensity: [1, 1, 9] };
  const both = await meanOf(floorUnder([lamp, other]), 256);
  const [a, b] = [await meanOf(floorUnder([lamp]), 16), await meanOf(floorUnder([other]), 16)];
  both.forEach((value, channel) => expect(value / ((a[channel] as number) + (b[channel] as number))).toBeCloseTo(1, 2));
});

function picture(width: number, height: number, at: (column: number, row: number) => Vector3): EnvironmentMap {
  const pixels = new Float32Array(width * height * 3);
  for (let pixel = 0; pixel < width * height; pixel += 1)
    pixels.set(at(pixel % width, Math.floor(pixel / width)), pixel * 3);
  return buildEnvironmentMap({ widthPixels: width, heightPixels: height, pixels });
}

test('a white picture as environment is a white furnace', async () => {
  const scene = sceneOf(facetedSphere(1, 12, 0), { materials: [white], camera: cameraAt([0, 0, 5], 0.26) });
  const [red] = await meanOf(
    scene,
    64,
    picture(32, 16, () => [1, 1, 1]),
    5,
  );
  expect(red).toBeGreaterThan(0.99);
  expect(red).toBeLessThan(1.01);
});

test.each([
  ['up', [0, 1, 0], [3, 0, 0]],
  ['down', [0, -1, 0], [0, 3, 0]],
  ['along +x', [1, 0, 0], [0, 0, 2]],
  ['along -x', [-1, 0, 0], [1, 1, 0]],
  ['along +z', [0, 0, 1], [0, 1, 1]],
] as const)('the environment seen looking %s is the right part of the picture', async (_name, forward, color) => {
  const up: Vector3 = forward[1] === 0 ? [0, 1, 0] : [1, 0, 0];
  const right: Vector3 = [
    forward[1] * up[2] - forward[2] * up[1],
    forward[2] * up[0] - forward[0] * up[2],
    forward[0] * up[1] - forward[1] * up[0],
  ];
  const camera = { origin: [0, 0, 0], right, up, forward, verticalFieldOfViewRadians: 0.1 } as const;
  const scene = sceneOf(quad([90, 90, 90], [91, 90, 90], [91, 91, 90], [90, 91, 90], 0), { materials: [matt], camera });
  const environment = picture(64, 32, (column, row) => {
    if (row < 8) return [3, 0, 0];
    if (row >= 24) return [0, 3, 0];
    // The middle column looks along +x, columns to its right along +z.
    if (column >= 24 && column < 40) return [0, 0, 2];
    if (column >= 40 && column < 56) return [0, 1, 1];
    return column < 8 || column >= 56 ? [1, 1, 0] : [0, 0, 0];
  });
  const seen = await meanOf(scene, 1, environment);
  seen.forEach((value, channel) => expect(value).toBeCloseTo(color[channel] as number, 3));
});

test('a small bright sun in the picture gives the floor the light of its solid angle, with little noise', async () => {
  const [height, row] = [64, 8];
  const environment = picture(128, height, (column, line) =>
    column === 64 && line === row ? [5000, 5000, 5000] : [0, 0, 0],
  );
  const polar = (edge: number) => Math.cos((Math.PI * edge) / height);
  const solidAngle = (polar(row) - polar(row + 1)) * ((2 * Math.PI) / 128);
  const zenith = (Math.PI * (row + 0.5)) / height;
  const [sunlit] = await meanOf(floorUnder([]), 64, environment);
  const sun: PunctualLight = {
    kind: 'directional',
    position: [0, 0, 0],
    direction: [-Math.sin(zenith), -Math.cos(zenith), 0],
    intensity: [5000 * solidAngle, 0, 0],
  };
  const [expected] = await meanOf(floorUnder([sun]), 64);
  expect(sunlit / expected).toBeGreaterThan(0.98);
  expect(sunlit / expected).toBeLessThan(1.02);
});

test.each<[string, 'up' | 'down', number, (column: number) => boolean]>([
  ['high up', 'up', 8, (column) => column === 64],
  // The map's edges and corners lie below the horizon.
  ['on an edge of the map', 'down', 44, (column) => column === 64],
  ['on the corners of the map', 'down', 63, () => true],
])('every ray towards a small sun %s carries the same light', async (_name, towards, row, isSun) => {
  const environment = picture(128, 64, (column, line) => (line === row && isSun(column) ? [500, 500, 500] : [0, 0, 0]));
  const lambert: Material = { ...matt, specular: { factor: 0, color: [1, 1, 1] } };
  const below: Camera = { ...above, origin: [0, -4, 0], up: [0, 0, 1], forward: [0, 1, 0] };
  const ceiling = sceneOf(quad([-9, 0, -9], [9, 0, -9], [9, 0, 9], [-9, 0, 9], 0), {
    materials: [lambert],
    camera: below,
  });
  const scene = towards === 'up' ? { ...floorUnder([]), materials: [lambert] } : ceiling;
  const renderer = await createSceneRenderer(await getTestDevice(), scene, settings, { environment });
  const means = await renderMeans(renderer, settings, 1);
  renderer.destroy();
  const mean = means.reduce((sum, value) => sum + value, 0) / means.length;
  const solidAngle = environment.totalLuminance / 500;
  const cosine = Math.abs(Math.cos((Math.PI * (row + 0.5)) / 64));
  expect(Math.abs(mean / ((0.5 / Math.PI) * 500 * solidAngle * cosine) - 1)).toBeLessThan(0.03);
  for (const value of means) expect(Math.abs(value / mean - 1)).toBeLessThan(0.15);
});

test('choosing the environment changes the noise, never the mean', async () => {
  const environment = picture(64, 32, (column, row) => (row < 6 && column < 40 ? [6, 5, 4] : [0.1, 0.1, 0.2]));
  const scene = floorUnder([]);
  const [withLamp] = await meanOf(floorUnder([lamp]), 512, environment);
  const [alone] = await meanOf(scene, 512, environment);
  const [lampOnly] = await meanOf(floorUnder([lamp]), 16);
  expect(withLamp / (alone + lampOnly)).toBeGreaterThan(0.99);
  expect(withLamp / (alone + lampOnly)).toBeLessThan(1.01);
  // Without choosing it at all: the map's brightness taken away leaves only scattered rays to find it.
  const [scattered] = await meanOf(scene, 2048, { ...environment, totalLuminance: 0 });
  expect(scattered / alone).toBeGreaterThan(0.99);
  expect(scattered / alone).toBeLessThan(1.01);
});
