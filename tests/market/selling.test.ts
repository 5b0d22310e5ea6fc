import { expect, test } from 'vitest';
import { checkAgreement } from '../../main/market/check-agreement.ts';
import { rankOffers } from '../../main/market/quote-choice.ts';
import { createQuoteDesk } from '../../main/market/quote-desk.ts';
import { createRateMeter } from '../../main/market/rate-meter.ts';
import { adapterClassOf } from '../../main/market/adapter-class.ts';
import type { Agreement } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import { hashTask } from '../../protocol/hashing/task-hash.ts';
import type { RenderTask, Task } from '../../protocol/tasks.ts';
import type { Quote, QuoteRequest } from '../../protocol/wire/quote-messages.ts';

const nowSeconds = 1_800_000_000n;
const shaderSetHash = `0x${'5e'.repeat(32)}` as const;
const provider = `0x${'0b'.repeat(20)}` as const;
const requester = `0x${'0a'.repeat(20)}` as const;
const scene = 'cd'.repeat(32);

function createDesk(options: { clock?: () => bigint; refusal?: string; rate?: number } = {}) {
  const rates = createRateMeter();
  if (options.rate !== undefined) rates.note('render', scene, BigInt(options.rate), 1_000);
  return createQuoteDesk({
    admit: () =>
      Promise.resolve(options.refusal === undefined ? { ok: true } : refuse('NOT_ACCEPTING', options.refusal)),
    prices: () => ({ chat: 5n, render: 7n }),
    rates,
    address: provider,
    shaderSetHash,
    numericProfile: () => 'f32',
    adapterClass: () => 'toy',
    nowSeconds: options.clock ?? (() => nowSeconds),
  });
}

const request: QuoteRequest = {
  taskHash: `0x${'01'.repeat(32)}`,
  kind: 'render',
  inputSha256: scene,
  units: 1_000_000n,
  taskBytes: 100,
  largestTilePixels: 4_096,
  environmentSha256: undefined,
  shaderSetHash,
};

test('a quote names price, chunk and what the price is for', async () => {
  expect(await createDesk().answer('peer', request)).toEqual({
    taskHash: request.taskHash,
    provider,
    receiver: provider,
    receiverAuthorizer: provider,
    pricePerMillionUnits: 7n,
    maxUnits: 1_000_000n,
    chunkUnits: 100_000n,
    numericProfile: 'f32',
    adapterClass: 'toy',
    unitsPerThousandSeconds: 0n,
    expiresAt: nowSeconds + 180n,
  });
  // A second of work by the measured rate, and never less than one sample of a tile.
  expect(await createDesk({ rate: 50_000 }).answer('peer', request)).toMatchObject({ chunkUnits: 50_000n });
  expect(await createDesk({ rate: 1_000 }).answer('peer', request)).toMatchObject({ chunkUnits: 4_096n });
  expect(await createDesk().answer('peer', { ...request, kind: 'chat', units: 64n })).toMatchObject({
    chunkUnits: 16n,
    pricePerMillionUnits: 5n,
  });
});

test.each<[string, Partial<QuoteRequest>, object, object]>([
  ['other shaders', { shaderSetHash: `0x${'00'.repeat(32)}` }, {}, { code: 'SHADER_SET' }],
  ['nothing at all', { units: 0n }, {}, { code: 'PROTOCOL' }],
  [
    'a closed node',
    {},
    { refusal: 'The owner is playing.' },
    { code: 'NOT_ACCEPTING', message: 'The owner is playing.' },
  ],
  [
    'more than an hour',
    { units: 3_600_001n },
    { rate: 1_000 },
    { code: 'TOO_LARGE', needed: 3_600_001n, available: 3_600_000n },
  ],
])('a request for %s is refused with the reason', async (_, change, options, refusal) => {
  expect(await createDesk(options).answer('peer', { ...request, ...change })).toMatchObject({ ok: false, ...refusal });
});

test('a quote holds for the peer it was given to, and three minutes', async () => {
  let now = nowSeconds;
  const desk = createDesk({ clock: () => now });
  await desk.answer('peer', request);
  expect(desk.find('peer', request.taskHash)?.maxUnits).toBe(1_000_000n);
  expect(desk.find('other', request.taskHash)).toBeNull();
  now += 180n;
  expect(desk.find('peer', request.taskHash)).toBeNull();
});

const offer = (peerId: string, pricePerMillionUnits: bigint, unitsPerThousandSeconds: bigint) => ({
  peer: { peerId, wallet: provider, provides: true, name: peerId, adapterClass: '', clockSkewSeconds: 0 },
  quote: { pricePerMillionUnits, unitsPerThousandSeconds } as Quote,
});

test('the cheapest offer comes first, then the fastest', () => {
  const offers = [offer('slow', 5n, 1n), offer('dear', 9_000_000n, 9n), offer('fast', 5n, 2n), offer('twin', 5n, 2n)];
  expect(rankOffers(offers, 1_000n).map(({ peer }) => peer.peerId)).toEqual(['fast', 'twin', 'slow', 'dear']);
});

const task: RenderTask = {
  kind: 'render',
  sceneSha256: scene,
  widthPixels: 64,
  heightPixels: 64,
  samplesPerPixel: 4,
  firstSample: 0,
  seed: 1,
  maxBounces: 8,
  tiles: [{ x0: 0, y0: 0, x1: 64, y1: 64 }],
};
const units = 64n * 64n * 4n;
const quote = {
  provider,
  pricePerMillionUnits: 7n,
  maxUnits: units,
  chunkUnits: 8_192n,
  numericProfile: 'f32',
} as Quote;
const agreement: Agreement = {
  agreementId: `0x${'01'.repeat(32)}`,
  requester,
  provider,
  channelId: `0x${'02'.repeat(32)}`,
  taskHash: hashTask(task),
  inputHash: `0x${scene}`,
  shaderSetHash,
  numericProfile: 'f32',
  pricePerMillionUnits: 7n,
  maxUnits: units,
  chunkUnits: 8_192n,
  startBy: nowSeconds + 60n,
  finishBy: nowSeconds + 600n,
};
const check = (change: Partial<Agreement>, other: Task = task) =>
  checkAgreement({
    agreement: { ...agreement, ...change },
    task: other,
    taskHash: hashTask(other),
    quote,
    requester,
    shaderSetHash,
    nowSeconds,
  });

test('an agreement as quoted is taken, also at a better price or with smaller chunks', () => {
  expect(check({})).toBeNull();
  expect(check({ pricePerMillionUnits: 8n, chunkUnits: 4_096n })).toBeNull();
  expect(check({ requester: requester.toUpperCase().replace('0X', '0x') as Agreement['requester'] })).toBeNull();
});

test.each<[string, Partial<Agreement>, string]>([
  ['another requester', { requester: provider }, 'AGREEMENT_MISMATCH'],
  ['another provider', { provider: requester }, 'AGREEMENT_MISMATCH'],
  ['another task', { taskHash: `0x${'03'.repeat(32)}` }, 'AGREEMENT_MISMATCH'],
  ['another scene', { inputHash: `0x${'03'.repeat(32)}` }, 'AGREEMENT_MISMATCH'],
  ['other shaders', { shaderSetHash: `0x${'03'.repeat(32)}` }, 'AGREEMENT_MISMATCH'],
  ['another profile', { numericProfile: 'f16' }, 'AGREEMENT_MISMATCH'],
  ['a lower price', { pricePerMillionUnits: 6n }, 'PRICE_TOO_LOW'],
  ['more units than the task has', { maxUnits: units + 1n }, 'AGREEMENT_MISMATCH'],
  ['larger chunks', { chunkUnits: 8_193n }, 'AGREEMENT_MISMATCH'],
  ['chunks smaller than one sample of a tile', { chunkUnits: 4_095n }, 'AGREEMENT_MISMATCH'],
  ['a start in the past', { startBy: nowSeconds }, 'DEADLINE'],
  ['an end before the start', { finishBy: nowSeconds + 59n }, 'DEADLINE'],
  ['a week to do it', { finishBy: nowSeconds + 604_800n }, 'DEADLINE'],
])('an agreement with %s is refused', (_, change, code) => {
  expect(check(change)).toMatchObject({ ok: false, code });
});

test('an adapter class is one line of bounded length', () => {
  const adapter = {
    vendor: 'maker',
    architecture: 'family',
    device: 'card  9',
    description: 'driver/1.2',
    isSoftware: false,
    backend: 'vulkan',
    features: [],
    limits: {},
    subgroupSize: null,
  };
  expect(adapterClassOf(adapter)).toBe('vulkan/maker/family/card 9/driver-1.2');
  expect(adapterClassOf({ ...adapter, description: '\u{1F600}'.repeat(200) }).length).toBe(85);
});
