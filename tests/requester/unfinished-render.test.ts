import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type RenderOutcome, RequesterError } from '../../main/requester/index.ts';
import { followedPasses } from '../../main/requester/render/earlier-passes.ts';
import { openUnfinishedPictures, type UnfinishedPictures } from '../../main/store/unfinished-pictures.ts';
import type { TileResult } from '../../worker/messages.ts';
import { createMarket, createToyWorker, type Market, toyStore } from './market.ts';
import { toySceneSha256 } from './toy-worker.ts';

const request = {
  sceneSha256: toySceneSha256,
  widthPixels: 48,
  heightPixels: 32,
  samplesPerPixel: 4,
  seed: 3,
  maxBounces: 4,
  tileSidePixels: 16,
};
const units = 48n * 32n * 4n;

let market: Market;
let folder: string;
let unfinished: UnfinishedPictures;
beforeEach(async () => {
  market = createMarket();
  folder = await mkdtemp(join(tmpdir(), 'hearth-unfinished-render-'));
  unfinished = openUnfinishedPictures(folder, () => {});
});
afterEach(async () => {
  await market.stop();
  await rm(folder, { recursive: true });
});

const addBuyer = (name: string) => market.addBuyer(name, { worker: createToyWorker(), store: toyStore, unfinished });

/** Ends after some tiles, as Ctrl-C does. @returns units that were paid for */
async function buyHalf(buyer: Awaited<ReturnType<typeof addBuyer>>): Promise<bigint> {
  const controller = new AbortController();
  const failure = await buyer.requester
    .requestRender(request, {
      signal: controller.signal,
      onProgress: (progress) => {
        if (progress.kind === 'tile' && progress.unitsDone >= units / 2n) controller.abort();
      },
    })
    .catch((error: unknown) => error);
  expect(failure).toMatchObject({ code: 'CANCELLED' });
  return (failure as RequesterError).parts.reduce((sum, part) => sum + part.units, 0n);
}

async function pictureOf(outcome: RenderOutcome): Promise<Float64Array> {
  expect(outcome.film.coverage()).toMatchObject({ complete: true, minimumSamples: 4 });
  return outcome.film.mean();
}

async function wholePicture(): Promise<Float64Array> {
  const buyer = await market.addBuyer('somebody else');
  return pictureOf(await buyer.requester.requestRender(request));
}

test('a picture that was cut off goes on, and no sample is paid twice', async () => {
  await market.addSeller('one', { chunkMs: 1_000 });
  await market.addSeller('two', { chunkMs: 1_000 });
  const paid = await buyHalf(await addBuyer('first'));
  expect(paid).toBeGreaterThanOrEqual(units / 2n);
  expect(paid).toBeLessThan(units);
  const buyer = await addBuyer('second');
  const plan = await buyer.requester.planRender(request);
  expect([plan.unitsKept, plan.unitsLeft]).toEqual([paid, units - paid]);
  expect(plan.parts.reduce((sum, part) => sum + part.units, 0n)).toBe(units - paid);
  let kept = 0;
  const outcome = await buyer.requester.requestRender(request, {
    onProgress: ({ kind }) => {
      if (kind === 'kept') kept += 1;
    },
  });
  expect(kept).toBeGreaterThan(0);
  expect(outcome.parts.reduce((sum, part) => sum + part.units, 0n)).toBe(units - paid);
  expect(await pictureOf(outcome)).toEqual(await wholePicture());
});

test('a finished picture is there until it is in its place, then nothing is', async () => {
  await market.addSeller('one');
  const first = await addBuyer('first');
  const outcome = await first.requester.requestRender(request);
  const second = await addBuyer('second');
  expect(await second.requester.planRender(request)).toMatchObject({ parts: [], price: 0n, unitsLeft: 0n });
  const again = await second.requester.requestRender(request);
  expect(again.parts).toEqual([]);
  expect(await pictureOf(again)).toEqual(outcome.film.mean());
  await again.forget();
  expect(await readdir(folder)).toEqual([]);
  expect(await second.requester.planRender(request)).toMatchObject({ unitsKept: 0n, unitsLeft: units });
});

test.each([
  ['another seed', { seed: 4 }],
  ['more samples', { samplesPerPixel: 5 }],
])('%s is another picture', async (_name, change) => {
  await market.addSeller('one');
  const buyer = await addBuyer('first');
  await buyer.requester.requestRender(request);
  expect(await buyer.requester.planRender({ ...request, ...change })).toMatchObject({ unitsKept: 0n });
});

test('a delivery that a kill left unchecked is checked when the picture goes on, and bought again where it is wrong', async () => {
  await market.addSeller('one', { cheat: 'flat-tile', chunkMs: 1_000 });
  // Without a worker nothing is checked, and the cheat is believed.
  const careless = await market.addBuyer('careless', { unfinished });
  const paid = await buyHalf(careless);
  await market.stop();
  market = createMarket();
  await market.addSeller('honest');
  const buyer = await addBuyer('careful');
  const outcome = await buyer.requester.requestRender(request);
  expect(paid).toBeGreaterThan(0n);
  expect(outcome.parts.reduce((sum, part) => sum + part.units, 0n)).toBe(units);
  expect(await pictureOf(outcome)).toEqual(await wholePicture());
});

test('a folder that cannot be written keeps nothing and stops nobody', async () => {
  const said: string[] = [];
  await market.addSeller('one');
  const blocked = openUnfinishedPictures('/dev/null/unfinished', () => {});
  const buyer = await market.addBuyer('buyer', { unfinished: blocked, log: (sentence) => said.push(sentence) });
  const outcome = await buyer.requester.requestRender(request);
  await outcome.forget();
  expect(outcome.film.coverage().complete).toBe(true);
  expect(said).toContainEqual(expect.stringMatching(/^what arrives of the picture is not kept: ENOTDIR/));
});

function entry(tile: TileResult['tile'], firstSample: number, sampleCount: number) {
  return { tile, firstSample, sampleCount, batch: 0, isConfirmed: true };
}

test('passes count from the first sample on, as far as they follow each other', () => {
  const [a, b] = [
    { x0: 0, y0: 0, x1: 8, y1: 8 },
    { x0: 8, y0: 0, x1: 16, y1: 8 },
  ] as const;
  const kept = [entry(a, 2, 2), entry(a, 0, 2), entry(b, 4, 4), entry(b, 0, 3), entry({ ...a, x1: 7 }, 0, 8)];
  const { passes, remaining } = followedPasses([a, b], 8, kept);
  expect(passes).toEqual([kept[1], kept[0], kept[3]]);
  expect(remaining).toEqual([
    { firstSample: 4, tiles: [a] },
    { firstSample: 3, tiles: [b] },
  ]);
});
