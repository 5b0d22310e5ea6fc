import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RenderOutcome } from '../../main/requester/index.ts';
import { verifyReceiptDocument } from '../../protocol/verify-receipt.ts';
import { createMarket, createToyWorker, type Market, toyStore } from './market.ts';
import { toyEnvironmentSha256, toySceneSha256 } from './toy-worker.ts';

let market: Market;
beforeEach(() => {
  market = createMarket();
});
afterEach(() => market.stop());

const request = {
  sceneSha256: toySceneSha256,
  widthPixels: 50,
  heightPixels: 34,
  samplesPerPixel: 7,
  seed: 3,
  maxBounces: 4,
  tileSidePixels: 16,
};
const units = 50n * 34n * 7n;

/** The picture as one machine would render it in one go. */
async function expectedMean(): Promise<Float64Array> {
  const worker = createToyWorker();
  await worker.call('load-scene', {
    sceneId: 'all',
    source: { kind: 'file', path: '' },
    settings: { widthPixels: 50, heightPixels: 34, seed: 3, maxBounces: 4 },
  });
  const tile = { x0: 0, y0: 0, x1: 50, y1: 34 };
  const { sums } = await worker.call('render-tile', { sceneId: 'all', tile, firstSample: 0, sampleCount: 7 });
  return Float64Array.from({ length: 50 * 34 * 3 }, (_, index) => {
    const pixel = Math.floor(index / 3);
    return sums[pixel * 4 + (index % 3)]! / 7;
  });
}

async function expectWholePicture(outcome: RenderOutcome): Promise<void> {
  expect(outcome.film.coverage()).toMatchObject({ complete: true, minimumSamples: 7 });
  expect(outcome.film.mean()).toEqual(await expectedMean());
}

test('the GPU is asked to cut its work as finely as the owner needs it, from tile to tile', async () => {
  let tiles = 0;
  const seller = await market.addSeller('one', { isOwnerPresent: () => ++tiles % 2 === 0 });
  const buyer = await market.addBuyer();
  await buyer.requester.requestRender(request);
  expect([...seller.worker.paces]).toEqual([50, 8]);
});

test('a picture is split over all providers, verified byte by byte and paid to the unit', async () => {
  const sellers = [await market.addSeller('one'), await market.addSeller('two')];
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const seen = new Set<string>();
  const outcome = await buyer.requester.requestRender(request, {
    onProgress: (progress) => {
      if (progress.kind === 'tile') seen.add(progress.peerId);
    },
  });
  await expectWholePicture(outcome);
  expect(seen.size).toBe(2);
  expect(outcome.parts.map(({ verdict }) => verdict)).toEqual(['verified', 'verified']);
  expect(outcome.parts.reduce((sum, part) => sum + part.units, 0n)).toBe(units);
  for (const part of outcome.parts) {
    const seller = sellers.find(({ node }) => node.network.peerId === part.peerId)!;
    expect(seller.payments.claimable()).toBe(part.amountDue);
    expect(verifyReceiptDocument(part.receipt).checks.filter((check) => !check.ok)).toEqual([]);
  }
});

test('a tile of a megabyte crosses in parts', async () => {
  await market.addSeller('seller');
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const large = { ...request, widthPixels: 300, heightPixels: 256, samplesPerPixel: 1, tileSidePixels: 256 };
  const outcome = await buyer.requester.requestRender(large);
  expect(outcome.film.coverage()).toMatchObject({ complete: true, minimumSamples: 1 });
  expect(outcome.parts).toMatchObject([{ verdict: 'verified', units: 76_800n, receipt: { chunks: { length: 2 } } }]);
});

test('when one of two providers is lost the other finishes, and no sample is bought twice', async () => {
  let calls = 0;
  const first = await market.addSeller('first', {
    before: async (kind) => {
      if (kind === 'render-tile' && (calls += 1) > 3) await first.node.network.stop();
    },
    // Slow enough that a pass has one sample: it is lost in the middle of a tile.
    chunkMs: 1_000,
  });
  await market.addSeller('second');
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const outcome = await buyer.requester.requestRender(request);
  await expectWholePicture(outcome);
  expect(outcome.parts.map(({ name, verdict }) => [name, verdict])).toEqual([
    ['first', 'partial'],
    ['second', 'verified'],
    ...outcome.parts.slice(2).map(() => ['second', 'verified']),
  ]);
  expect(outcome.parts[0]?.units).toBeGreaterThan(0n);
  expect(outcome.parts.reduce((sum, part) => sum + part.units, 0n)).toBe(units);
});

test.each(['flat-tile', 'fewer-samples'] as const)('a provider that cheats with a %s is found out', async (cheat) => {
  const cheater = await market.addSeller('cheater', { cheat });
  await market.addSeller('honest');
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const outcome = await buyer.requester.requestRender(request);
  await expectWholePicture(outcome);
  const rejected = outcome.parts.filter(({ verdict }) => verdict === 'rejected');
  expect(rejected.map(({ name }) => name)).toEqual(['cheater']);
  expect(rejected[0]?.detail).toMatch(/pixels rendered again differ/);
  expect(cheater.payments.claimable()).toBe(rejected[0]?.amountDue);
  // Checks run beside the stream: it is found a pass or two late, long before its half of the picture is done.
  expect(rejected[0]!.units).toBeLessThan(units / 4n);
});

test('a GPU process that dies costs one pass, not the task', async () => {
  let calls = 0;
  await market.addSeller('seller', {
    before: (kind, worker) => {
      if (kind === 'render-tile' && (calls += 1) === 5) worker.die();
    },
  });
  const buyer = await market.addBuyer();
  const outcome = await buyer.requester.requestRender(request);
  await expectWholePicture(outcome);
  expect(outcome.parts).toMatchObject([{ verdict: 'accepted', units }]);
});

test('a picture under an environment, through a camera and at a moment, is sold and checked as that', async () => {
  await market.addSeller('seller');
  const buyer = await market.addBuyer('buyer', { worker: createToyWorker(), store: toyStore });
  const seen = {
    ...request,
    camera: 'tripod',
    animation: { name: '0', timeMicroseconds: 40_000 },
    environmentSha256: toyEnvironmentSha256,
  };
  const outcome = await buyer.requester.requestRender(seen);
  expect(outcome.parts.map(({ verdict }) => verdict)).toEqual(['verified']);
  expect(outcome.film.mean()).not.toEqual(await expectedMean());
});

test.each([
  ['an environment that is not here', 'aa'.repeat(32)],
  ['a scene in place of an environment', toySceneSha256],
])('%s is refused before anything is agreed', async (_name, environmentSha256) => {
  const seller = await market.addSeller('seller');
  const buyer = await market.addBuyer();
  await expect(buyer.requester.requestRender({ ...request, environmentSha256 })).rejects.toMatchObject({
    code: 'NO_PROVIDER',
    message: expect.stringContaining(
      `UNKNOWN_ENVIRONMENT: no environment with sha256 ${environmentSha256} is on this node`,
    ),
  });
  expect(seller.worker.calls['load-scene']).toBeUndefined();
});

test('a picture beyond the limits is refused before anybody is asked', async () => {
  const buyer = await market.addBuyer();
  await expect(buyer.requester.requestRender({ ...request, widthPixels: 20_000 })).rejects.toMatchObject({
    code: 'BAD_REQUEST',
    message: 'widthPixels is 20000, not an integer from 1 to 16384',
  });
  await expect(buyer.requester.requestRender(request)).rejects.toMatchObject({
    code: 'NO_PROVIDER',
    message: expect.stringContaining('no provider is connected'),
  });
});
