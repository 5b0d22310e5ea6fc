import { beforeAll, expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { bvh8Layout } from '../../../worker/render/bvh/layout-bvh8.ts';
import { estimateScene } from '../../../worker/render/estimate-scene.ts';
import { openScene } from '../../../worker/render/index.ts';
import { type SceneRendererOptions, createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';
import { getTestDevice } from '../test-device.ts';
import { bothWays, instancedBalls } from './instanced-balls.ts';

const settings = { widthPixels: 40, heightPixels: 30, seed: 21, maxBounces: 3 };
const samples = 8;
const whole = { x0: 0, y0: 0, x1: 40, y1: 30 };

async function sumsOf(scene: Scene, options: SceneRendererOptions = {}): Promise<Float32Array> {
  const renderer = await createSceneRenderer(await getTestDevice(), scene, settings, options);
  const sums = await renderer.renderTile(whole, 0, samples);
  renderer.destroy();
  return sums;
}

let scenes: { listed: Scene; shared: Scene };
beforeAll(async () => {
  scenes = await bothWays(instancedBalls(40, 6));
});

test('a mesh that is shown often is kept once, except where a transform flattens it or it shines', () => {
  const { listed, shared } = scenes;
  expect(listed.shared).toBeUndefined();
  // The floor, the lamp and the flat ball stand alone.
  expect(shared.triangleCount).toBe(2 + 2 + 144 + 144);
  expect(shared.shared).toMatchObject({
    alone: { firstTriangle: 0, triangleCount: 148 },
    meshes: [{ firstTriangle: 148, triangleCount: 144 }],
    shownTriangles: listed.triangleCount,
  });
  expect(shared.shared?.instances.length).toBe(40);
});

test('the picture is the one with every triangle listed', async () => {
  const [listed, shared] = [await sumsOf(scenes.listed), await sumsOf(scenes.shared)];
  const pixels = Array.from({ length: listed.length / 4 }, (_, pixel) => pixel);
  const differing = pixels.filter((pixel) =>
    [0, 1, 2].some((channel) => {
      const [own, other] = [shared[pixel * 4 + channel] as number, listed[pixel * 4 + channel] as number];
      return Math.abs(own - other) > 1e-3 * Math.max(own, other);
    }),
  );
  expect(listed.filter((value) => value > 0).length).toBeGreaterThan(listed.length / 2);
  expect(differing.length).toBeLessThanOrEqual(pixels.length / 1000);
}, 180_000);

test('instances have the same bytes in waves, in an eight-wide tree and in tiles', async () => {
  const expected = await sumsOf(scenes.shared);
  expect(await sumsOf(scenes.shared, { driver: 'wavefront', layout: bvh8Layout })).toEqual(expected);
  const renderer = await createSceneRenderer(await getTestDevice(), scenes.shared, settings);
  const part = await renderer.renderTile({ x0: 7, y0: 5, x1: 29, y1: 22 }, 0, samples);
  renderer.destroy();
  const cut = Float32Array.from(part, (_, index) => {
    const pixel = index >> 2;
    return expected[((Math.floor(pixel / 22) + 5) * 40 + (pixel % 22) + 7) * 4 + (index & 3)] as number;
  });
  expect(part).toEqual(cut);
}, 180_000);

test('ten million triangles in ten thousand instances take as much as was said, in a few megabytes', async () => {
  const device = await getTestDevice();
  const file = instancedBalls(10_000, 16);
  const source = () => createMemorySource(file);
  const estimate = await estimateScene(device, source(), settings, { tilePixels: 1200, budgetBytes: 48 * 2 ** 20 });
  expect(estimate.refusal).toBeNull();
  expect(estimate.scene?.triangleCount).toBe(10_001 * 1024 + 4);
  expect(estimate.residentBytes).toBeLessThan(4 * 2 ** 20);
  const renderer = await openScene(device, source(), settings);
  expect(renderer.description).toEqual(estimate.scene);
  const sums = await renderer.renderTile({ x0: 16, y0: 12, x1: 24, y1: 18 }, 0, 2);
  renderer.destroy();
  expect(sums.every(Number.isFinite)).toBe(true);
  expect(Math.max(...sums)).toBeGreaterThan(0);
}, 180_000);
