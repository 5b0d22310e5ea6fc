import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, test } from 'vitest';
import { createOutput } from '../../main/headless/output.ts';
import { approvePlan } from '../../main/headless/request/approve-plan.ts';
import { renderLocalGuides } from '../../main/headless/request/local-guides.ts';
import { createPreviewFile } from '../../main/headless/request/preview-file.ts';
import { asCommandFailure, explainNoOffer, sayCoins } from '../../main/headless/request/refusal-words.ts';
import { readCaps } from '../../main/headless/request/request-options.ts';
import type { GpuWorker } from '../../main/node/gpu-worker.ts';
import { type JobPlan, RequesterError } from '../../main/requester/index.ts';
import type { Tile } from '../../worker/messages.ts';

const signal = new AbortController().signal;

function plan(...parts: readonly [price: bigint, missing: bigint][]): JobPlan {
  return {
    parts: parts.map(([price, missing], index) => ({
      peer: {
        peerId: `peer ${index}`,
        name: `name ${index}`,
        wallet: '0x01',
        provides: true,
        adapterClass: '',
        clockSkewSeconds: 0,
      },
      units: 100n,
      price,
      missing,
      balance: 0n,
    })),
    price: parts.reduce((sum, [price]) => sum + price, 0n),
    unitsKept: 0n,
    unitsLeft: 100n,
    deposit: parts.reduce((sum, [, missing]) => sum + missing, 0n),
    refusals: [],
  };
}

interface Circumstances {
  readonly deposit?: string;
  readonly maxPrice?: string;
  readonly isGiven?: boolean;
  readonly answer?: 'yes' | 'no' | 'nobody';
  readonly token?: bigint;
  readonly coin?: bigint;
}

async function approve(job: JobPlan, circumstances: Circumstances) {
  const {
    deposit,
    maxPrice = '1',
    isGiven = false,
    answer = 'yes',
    token = 10n ** 9n,
    coin = 10n ** 18n,
  } = circumstances;
  const asked: string[] = [];
  let log = '';
  const output = createOutput(false, { write: () => {} }, { write: (text) => (log += text) });
  const session = {
    walletAddress: '0xabc',
    chainId: 8_453n,
    payments: {
      funds: () =>
        Promise.resolve({ ok: true as const, token, coin, depositFee: 10n ** 12n, depositFeeInToken: 5_000n }),
    },
  } as const;
  const approval = {
    caps: readCaps({ 'max-price': maxPrice, deposit }),
    isGiven,
    waitSeconds: 10,
    unit: 'tokens',
    inputs: [],
    ask: (question: string) => {
      asked.push(question);
      return Promise.resolve(answer);
    },
  };
  const limits = await approvePlan({ output, signal }, session, job, approval).catch((error: unknown) => error);
  return { limits, asked, log };
}

describe('before anything is deposited', () => {
  test('it is said what it costs and asked once, for all channels together', async () => {
    const { limits, asked, log } = await approve(plan([300n, 300n], [200n, 150n], [100n, 0n]), {});
    expect(asked).toEqual(['Deposit 0.00045 USDC?']);
    expect(log).toContain('name 1 (peer 1) does 100 tokens for at most 0.0002 USDC.');
    expect(log).toContain("into 2 channels; gas for it is about 0.000002 of the chain's coin (0.01 USDC)");
    expect(log).toContain('The gas costs more than what is deposited: --deposit fills channels with more');
    expect(limits).toEqual({ maxPrice: 1_000_000n, maxDeposit: 1_000_000n, fill: 0n });
  });

  test.each<[string, JobPlan, Circumstances, string[], unknown]>([
    ['nothing where the channels have room', plan([300n, 0n]), { answer: 'no' }, [], { fill: 0n }],
    [
      'nothing where an earlier run got all of it',
      { ...plan(), unitsKept: 100n, unitsLeft: 0n },
      {},
      [],
      { maxPrice: 0n, maxDeposit: 0n },
    ],
    ['nothing where --yes was given', plan([300n, 300n]), { isGiven: true }, [], { fill: 0n }],
    [
      'for all of --deposit, shared by the channels that need it',
      plan([300n, 300n], [200n, 150n], [9n, 0n]),
      { deposit: '0.5' },
      ['Deposit 0.50 USDC?'],
      { maxPrice: 1_000_000n, maxDeposit: 500_000n, fill: 250_000n },
    ],
    [
      'and a no is a no',
      plan([300n, 300n]),
      { answer: 'no' },
      ['Deposit 0.0003 USDC?'],
      { code: 'DEPOSIT_NOT_APPROVED' },
    ],
    [
      'and silence is a no that says how a script does it',
      plan([300n, 300n]),
      { answer: 'nobody' },
      ['Deposit 0.0003 USDC?'],
      { message: expect.stringContaining('in a script give --yes') },
    ],
    ['nothing above --deposit', plan([300n, 300n]), { deposit: '0.0002' }, [], { code: 'DEPOSIT_ABOVE_CAP' }],
    ['nothing above --max-price', plan([300n, 0n]), { maxPrice: '0.000299' }, [], { code: 'PRICE_ABOVE_CAP' }],
    [
      'where one of two is cheap enough for all of it',
      plan([300n, 0n], [100n, 0n]),
      { maxPrice: '0.0002' },
      [],
      { fill: 0n },
    ],
    ['nothing without the money', plan([300n, 300n]), { token: 299n }, [], { code: 'DEPOSIT_TOO_SMALL' }],
    [
      'nothing without gas',
      plan([300n, 300n]),
      { coin: 5n },
      [],
      {
        code: 'DEPOSIT_FAILED',
        message: expect.stringContaining("a little of the chain's coin to 0xabc on chain 8453"),
      },
    ],
  ])('it is asked %s', async (_, job, circumstances, questions, outcome) => {
    const { limits, asked } = await approve(job, circumstances);
    expect(asked).toEqual(questions);
    expect(limits).toMatchObject(outcome as object);
  });
});

function refusal(name: string, code: string) {
  return { code, message: 'words', data: { name } };
}

test('a refusal of all providers is that refusal with its fix, different ones are told one by one', () => {
  const options = { waitSeconds: 10, inputs: ['scene.glb'] };
  expect(explainNoOffer([refusal('a', 'UNKNOWN_SCENE'), refusal('b', 'UNKNOWN_SCENE')], options)).toMatchObject({
    code: 'UNKNOWN_SCENE',
    message: expect.stringMatching(
      /^no provider takes it \(scene\.glb\): a: UNKNOWN_SCENE, words; b: .*ask one to add it$/,
    ),
  });
  expect(explainNoOffer([refusal('a', 'BUSY'), refusal('b', 'TOO_LARGE')], options)).toMatchObject({
    code: 'NO_PROVIDER',
    message: 'no provider takes it (scene.glb): a: BUSY, words; b: TOO_LARGE, words',
  });
});

test('what a job throws keeps its code: a refusal, a wrong request, or what it was', () => {
  expect(asCommandFailure(new RequesterError('NO_PROVIDER', 'nobody'))).toMatchObject({ name: 'RefusedError' });
  expect(asCommandFailure(new RequesterError('BAD_REQUEST', 'too long'))).toMatchObject({ name: 'UsageError' });
  const other = new Error('other');
  expect(asCommandFailure(other)).toBe(other);
});

test.each([
  [1n, "0.000000000000000001 of the chain's coin"],
  [123_456_789_000n, "0.0000001234 of the chain's coin"],
  [2n * 10n ** 18n, "2.00 of the chain's coin"],
])('%i wei are said as %s', (wei, words) => {
  expect(sayCoins(wei)).toBe(words);
});

function pass(x0: number) {
  const tile = { x0, y0: 0, x1: x0 + 1, y1: 1 };
  return { tile, firstSample: 0, sampleCount: 1, sums: Float32Array.from([1, 1, 1, 1]), durationMs: 0 };
}

test('guides are rendered here for every tile, few samples of many, and the scene is given back whatever happens', async () => {
  const calls: string[] = [];
  let failsAt = Number.POSITIVE_INFINITY;
  const worker = {
    call: (kind: string, parameters: { readonly tile?: Tile; readonly sampleCount?: number }) => {
      calls.push(kind);
      if (calls.length === failsAt) return Promise.reject(new Error('the card is gone'));
      const { tile, sampleCount = 0 } = parameters;
      if (tile === undefined) return Promise.resolve(null);
      const pixels = (tile.x1 - tile.x0) * (tile.y1 - tile.y0);
      return Promise.resolve({
        tile,
        firstSample: 0,
        sampleCount,
        sums: new Float32Array(pixels * 8).fill(sampleCount),
        durationMs: 0,
      });
    },
  } as unknown as Pick<GpuWorker, 'call'>;
  const settings = { widthPixels: 130, heightPixels: 1, seed: 0, maxBounces: 1 };
  const guides = await renderLocalGuides(worker, { path: '/scene.glb', settings }, 1_000, signal);
  expect(guides.mean('depth')[129]).toBe(1);
  expect(guides.packed()[129 * 8 + 7]).toBe(1);
  expect(calls).toEqual(['load-scene', 'render-guides', 'render-guides', 'unload-scene']);
  failsAt = calls.length + 2;
  const lost = renderLocalGuides(worker, { path: '/scene.glb', settings }, 1_000, signal);
  await expect(lost).rejects.toThrow('the card is gone');
  expect(calls.slice(4)).toEqual(['load-scene', 'render-guides', 'unload-scene']);
});

test('a preview shows what has come, and no more what was found wrong', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hearth-preview-'));
  const path = join(folder, 'preview.png');
  const reds = async () => {
    const { data } = decode(await readFile(path));
    return [0, 1, 2].map((x) => data[x * 3]);
  };
  const preview = createPreviewFile({ path, widthPixels: 3, heightPixels: 1 });
  preview.add('honest', pass(0));
  preview.endPart('honest', true);
  preview.add('honest', pass(1));
  preview.add('cheat', pass(2));
  await preview.finish();
  expect(await reds()).toEqual([255, 255, 255]);
  preview.endPart('cheat', false);
  preview.endPart('honest', false);
  await preview.finish();
  expect(await reds()).toEqual([255, 0, 0]);
  preview.add('another', pass(2));
  await preview.finish();
  expect(await reds()).toEqual([255, 0, 255]);
  await rm(folder, { recursive: true });
});
