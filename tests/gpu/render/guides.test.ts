import { expect, test } from 'vitest';
import { createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import type { Material, Scene } from '../../../worker/render/scene/scene.ts';
import { getTestDevice } from '../test-device.ts';
import { cameraAt, quad, sceneOf, white } from './scene-fixtures.ts';

const settings = { widthPixels: 16, heightPixels: 16, seed: 9, maxBounces: 2 };
const whole = { x0: 0, y0: 0, x1: 16, y1: 16 };
const samples = 16;

/** Left: a red square 4 m away that faces the camera; right: a green one that leans back, half transparent; sky above. */
function scene(): Scene {
  const red: Material = { ...white, baseColor: [0.75, 0.125, 0.125] };
  const green: Material = { ...white, baseColor: [0.25, 0.5, 0.25], alpha: { factor: 0.5 }, doubleSided: true };
  return sceneOf(
    [
      ...quad([-2, -2, 1], [0, -2, 1], [0, 1, 1], [-2, 1, 1], 0),
      ...quad([0, -2, 1], [2, -2, 1], [2, 1, -2], [0, 1, -2], 1),
    ],
    { materials: [red, green], camera: cameraAt([0, 0, 5], 0.7), background: [1, 1, 1] },
  );
}

async function guides(ranges: readonly (readonly [typeof whole, number, number])[]): Promise<Float32Array[]> {
  const renderer = await createSceneRenderer(await getTestDevice(), scene(), settings);
  const results: Float32Array[] = [];
  for (const [tile, first, count] of ranges) results.push(await renderer.renderGuides(tile, first, count));
  renderer.destroy();
  return results;
}

test('guides tell albedo, depth along the axis, normal and how many samples hit', async () => {
  const [sums] = await guides([[whole, 0, samples]]);
  const at = (x: number, y: number) => Array.from(sums!.subarray((y * 16 + x) * 8, (y * 16 + x) * 8 + 8));
  const [red, green, blue, depth, nx, ny, nz, hits] = at(2, 8);
  expect([red, green, blue].map((sum) => sum! / samples)).toEqual([0.75, 0.125, 0.125]);
  // Everywhere on a square across the axis, not the distance from the camera.
  expect(depth! / samples).toBeCloseTo(4, 3);
  expect(at(6, 12)[3]! / samples).toBeCloseTo(4, 3);
  expect([nx, ny, nz].map((sum) => sum! / samples)).toEqual([0, 0, 1]);
  expect(hits).toBe(samples);
  const leaning = at(12, 8);
  const seen = leaning[7]!;
  expect(seen).toBeGreaterThan(samples / 4);
  expect(seen).toBeLessThan((samples * 3) / 4);
  expect(leaning.slice(0, 3).map((sum) => sum / seen)).toEqual([0.25, 0.5, 0.25]);
  expect(leaning[5]! / seen).toBeCloseTo(Math.SQRT1_2, 3);
  expect(leaning[6]! / seen).toBeCloseTo(Math.SQRT1_2, 3);
  expect(leaning[3]! / seen).toBeGreaterThan(4);
  expect(at(2, 0)).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
}, 180_000);

test('guides have the same bytes in tiles and batches', async () => {
  const part = { x0: 3, y0: 2, x1: 14, y1: 11 };
  const [all, first, second] = await guides([
    [whole, 0, 12],
    [part, 0, 5],
    [part, 5, 7],
  ]);
  const together = first!.map((value, index) => value + second![index]!);
  const cut = first!.map((_, index) => {
    const pixel = index >> 3;
    return all![((Math.floor(pixel / 11) + 2) * 16 + (pixel % 11) + 3) * 8 + (index & 7)] as number;
  });
  expect(together).toEqual(cut);
}, 180_000);

test('a tile that leaves the picture has no guides', async () => {
  await expect(guides([[{ ...whole, x1: 17 }, 0, 1]])).rejects.toThrow('tile.x1 is 17; it must be an integer in 1..16');
}, 180_000);
