import { readFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { createFilm, encodePng } from '../../../main/requester/image/index.ts';
import { createMemorySource } from '../../../worker/byte-source.ts';
import type { Tile } from '../../../worker/messages.ts';
import { type SceneRenderer, openScene } from '../../../worker/render/index.ts';
import { bvh4Layout } from '../../../worker/render/bvh/layout-bvh4.ts';
import { bvh8Layout } from '../../../worker/render/bvh/layout-bvh8.ts';
import { type SceneRendererOptions, createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import { getTestDevice } from '../test-device.ts';

const width = 37;
const height = 29;
const samples = 12;
const settings = { widthPixels: width, heightPixels: height, seed: 77, maxBounces: 6 };
const file = new Uint8Array(readFileSync(new URL('../../../assets/hearth-room.glb', import.meta.url)));
const whole: Tile = { x0: 0, y0: 0, x1: width, y1: height };

let renderer: SceneRenderer;
let expected: Uint8Array;

async function picture(tiles: readonly Tile[], batches: readonly number[]): Promise<Uint8Array> {
  const film = createFilm(width, height);
  for (const tile of tiles) {
    let firstSample = 0;
    for (const sampleCount of batches) {
      const sums = await renderer.renderTile(tile, firstSample, sampleCount);
      film.add({ tile, firstSample, sampleCount, sums, durationMs: 0 });
      firstSample += sampleCount;
    }
  }
  return encodePng(film);
}

function grid(tileWidth: number, tileHeight: number): Tile[] {
  const tiles: Tile[] = [];
  for (let y0 = 0; y0 < height; y0 += tileHeight) {
    for (let x0 = 0; x0 < width; x0 += tileWidth) {
      tiles.push({ x0, y0, x1: Math.min(width, x0 + tileWidth), y1: Math.min(height, y0 + tileHeight) });
    }
  }
  // From the last to the first: the order must not matter.
  return tiles.toReversed();
}

beforeAll(async () => {
  renderer = await openScene(await getTestDevice(), createMemorySource(file), settings);
  expected = await picture([whole], [samples]);
});

test('the picture has the same bytes when it is rendered again', async () => {
  expect(await picture([whole], [samples])).toEqual(expected);
});

test.each([
  ['tiles of 16 pixels', grid(16, 16), [12]],
  ['tiles of 7 x 13 pixels', grid(7, 13), [12]],
  ['columns one pixel wide', grid(1, 29).slice(0, 37), [12]],
  ['batches of one sample', [whole], Array.from({ length: 12 }, () => 1)],
  ['uneven batches', [whole], [5, 1, 6]],
  ['tiles and batches', grid(20, 9), [7, 5]],
])('the picture has the same bytes from %s', async (_name, tiles, batches) => {
  expect(await picture(tiles, batches)).toEqual(expected);
});

test('a tile holds the same sums as that part of the whole, bit for bit', async () => {
  const part: Tile = { x0: 5, y0: 3, x1: 24, y1: 20 };
  const sums = await renderer.renderTile(whole, 4, 5);
  const own = await renderer.renderTile(part, 4, 5);
  const cut = Float32Array.from(own, (_, index) => {
    const pixel = index >> 2;
    const row = Math.floor(pixel / 19) + 3;
    return sums[(row * width + (pixel % 19) + 5) * 4 + (index & 3)] as number;
  });
  expect(own).toEqual(cut);
});

test('the length of a dispatch changes no byte', async () => {
  const scene = await loadScene(createMemorySource(file));
  const device = await getTestDevice();
  const [short, long] = [
    await createSceneRenderer(device, scene, settings, { sliceTargetMs: 0.001 }),
    await createSceneRenderer(device, scene, settings, { sliceTargetMs: 10_000 }),
  ];
  const results = [
    await short.renderTile(whole, 0, 12),
    await long.renderTile(whole, 0, 12),
    // As when the owner comes back in the middle of a job.
    await long.renderTile(whole, 0, 12, { sliceTargetMs: 8 }),
  ];
  short.destroy();
  long.destroy();
  expect(results[1]).toEqual(results[0]);
  expect(results[2]).toEqual(results[0]);
});

test.each<[string, SceneRendererOptions]>([
  ['waves instead of a thread per pixel', { driver: 'wavefront' }],
  ['short waves', { driver: 'wavefront', sliceTargetMs: 1 }],
  ['a four-wide tree', { layout: bvh4Layout }],
  ['waves in a four-wide tree', { driver: 'wavefront', layout: bvh4Layout }],
  ['an eight-wide tree', { layout: bvh8Layout }],
])('the sums have the same bytes from %s', async (_name, options) => {
  const scene = await loadScene(createMemorySource(file));
  const other = await createSceneRenderer(await getTestDevice(), scene, settings, options);
  const part: Tile = { x0: 5, y0: 3, x1: 36, y1: 28 };
  const sums = [await other.renderTile(part, 0, 12), await other.renderTile(part, 12, 3)];
  other.destroy();
  expect(sums).toEqual([await renderer.renderTile(part, 0, 12), await renderer.renderTile(part, 12, 3)]);
});

test('another seed gives another picture', async () => {
  const other = await openScene(await getTestDevice(), createMemorySource(file), { ...settings, seed: 78 });
  const sums = await other.renderTile(whole, 0, 2);
  other.destroy();
  expect(sums).not.toEqual(await renderer.renderTile(whole, 0, 2));
});

test('calls made at the same time answer as if made one after another', async () => {
  const parts = grid(19, 15);
  const together = await Promise.all(parts.map((tile) => renderer.renderTile(tile, 0, 3)));
  const film = createFilm(width, height);
  parts.forEach((tile, index) =>
    film.add({
      tile,
      firstSample: 0,
      sampleCount: 3,
      sums: together[index] as Float32Array<ArrayBuffer>,
      durationMs: 0,
    }),
  );
  expect(encodePng(film)).toEqual(await picture([whole], [3]));
});

test('a scene that is unloaded while it renders answers with a refusal, not with black', async () => {
  const device = await getTestDevice();
  const other = await openScene(device, createMemorySource(file), settings);
  const answer = other.renderTile(whole, 0, 4096);
  const refusal = expect(answer).rejects.toThrow('the scene was unloaded');
  // Lets the first dispatch of many be submitted.
  await device.queue.onSubmittedWorkDone();
  other.destroy();
  await refusal;
});

test.each([
  [
    'a tile that leaves the picture',
    { x0: 0, y0: 0, x1: 38, y1: 29 },
    0,
    1,
    'tile.x1 is 38; it must be an integer in 1..37',
  ],
  ['an empty tile', { x0: 4, y0: 0, x1: 4, y1: 29 }, 0, 1, 'tile.x1 is 4; it must be an integer in 5..37'],
  ['no samples', whole, 0, 0, 'sampleCount is 0; it must be an integer in 1..65536'],
  ['half a sample', whole, 0.5, 1, 'firstSample is 0.5; it must be an integer in 0..2147483647'],
])('%s is refused', async (_name, tile, firstSample, sampleCount, message) => {
  await expect(renderer.renderTile(tile, firstSample, sampleCount)).rejects.toThrow(message);
});
