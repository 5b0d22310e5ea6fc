import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSpending } from '../../main/requester/purchase/spending.ts';
import { createMarket, type Market } from './market.ts';
import { toyModelSha256, toySceneSha256 } from './toy-worker.ts';

let market: Market;
beforeEach(() => {
  market = createMarket();
});
afterEach(() => market.stop());

const chat = {
  modelSha256: toyModelSha256,
  messages: [{ role: 'user' as const, content: 'Say something.' }],
  maxTokens: 100,
  temperatureMillionths: 0,
  seed: 4,
};
const picture = {
  sceneSha256: toySceneSha256,
  widthPixels: 32,
  heightPixels: 32,
  samplesPerPixel: 4,
  seed: 3,
  maxBounces: 4,
  tileSidePixels: 16,
};
/** 100 tokens cost 100, the picture of 4,096 samples 1,000,000. */
const prices = { chat: 1_000_000n, render: 244_140_625n };

test('a plan says who would do it, for how much, and agrees on nothing', async () => {
  const dear = await market.addSeller('dear', { prices: { ...prices, chat: 2_000_000n } });
  const cheap = await market.addSeller('cheap', { prices });
  const { requester } = await market.addBuyer();
  const answer = await requester.planChat(chat);
  expect(answer).toMatchObject({ price: 100n, deposit: 0n, parts: [{ peer: { name: 'cheap' }, units: 100n }] });
  const shared = await requester.planRender(picture);
  expect(shared.price).toBe(1_000_000n);
  expect(shared.parts.map(({ units }) => units)).toEqual([2_048n, 2_048n]);
  expect(await requester.planChat({ ...chat, modelSha256: 'ee'.repeat(32) })).toMatchObject({
    parts: [],
    refusals: [{ code: 'UNKNOWN_MODEL' }, { code: 'UNKNOWN_MODEL' }],
  });
  expect([dear.tasks, cheap.tasks]).toEqual([[], []]);
});

test('only the provider that was named is asked', async () => {
  await market.addSeller('cheap', { prices });
  const dear = await market.addSeller('dear', { prices: { ...prices, chat: 9_000_000n } });
  const { requester } = await market.addBuyer();
  const provider = dear.node.network.peerId;
  expect((await requester.requestChat(chat, { provider })).parts).toMatchObject([{ name: 'dear' }]);
  expect((await requester.requestRender(picture, { provider })).parts).toMatchObject([{ name: 'dear' }]);
  expect(await requester.planChat(chat, { provider: 'nobody' })).toMatchObject({ parts: [], refusals: [] });
});

describe('a job that may cost less than it does', () => {
  test.each([
    ['a chat', 99n, 'PRICE_ABOVE_CAP', 'costs 0.0001 USDC, 0.000099 USDC of the 0.000099 USDC'],
    ['a picture', 999_999n, 'PRICE_ABOVE_CAP', 'costs 1.00 USDC, 0.999999 USDC of the 0.999999 USDC'],
  ])('is not begun: %s', async (kind, maxPrice, code, words) => {
    const seller = await market.addSeller('seller', { prices });
    const { requester, payments } = await market.addBuyer();
    const limits = { maxPrice };
    const job =
      kind === 'a chat' ? requester.requestChat(chat, { limits }) : requester.requestRender(picture, { limits });
    await expect(job).rejects.toMatchObject({ code, message: expect.stringContaining(words), parts: [] });
    expect([seller.tasks, payments.totals().spent]).toEqual([[], 0n]);
  });

  test('takes the providers it can pay, and the rest of the picture comes from them', async () => {
    await market.addSeller('cheap', { prices });
    await market.addSeller('dear', { prices: { ...prices, render: prices.render * 3n } });
    const { requester } = await market.addBuyer();
    const { parts } = await requester.requestRender(picture, { limits: { maxPrice: 1_000_000n } });
    expect(new Set(parts.map(({ name }) => name))).toEqual(new Set(['cheap']));
    expect(parts.reduce((sum, part) => sum + part.amountDue, 0n)).toBe(1_000_000n);
  });
});

test('money that is missing ends the job with that, not with a search for others', async () => {
  await market.addSeller('seller', { prices: { ...prices, chat: 10n ** 18n } });
  const { requester } = await market.addBuyer();
  await expect(requester.requestChat(chat)).rejects.toMatchObject({ code: 'DEPOSIT_TOO_SMALL' });
});

describe('what a job may spend', () => {
  test('counts what is under way as paid, and gives back what was not', () => {
    const spending = createSpending({ maxPrice: 100n });
    const first = spending.hold(60n);
    expect(spending.hold(41n)).toMatchObject({ code: 'PRICE_ABOVE_CAP', needed: 41n, available: 40n });
    if (first.ok) first.settle(10n);
    expect(spending.hold(90n)).toMatchObject({ ok: true });
    expect(spending.hold(1n)).toMatchObject({ code: 'PRICE_ABOVE_CAP' });
    expect(createSpending({}).hold(10n ** 30n)).toMatchObject({ ok: true });
  });

  test.each([
    ['just what is missing', {}, [5n, 7n], [5n, 7n]],
    ['as much as it is filled by, down to what is left', { fill: 50n, maxDeposit: 60n }, [5n, 7n], [50n, 10n]],
    ['what is missing where that is more', { fill: 3n }, [5n], [5n]],
    ['nothing beyond the limit', { maxDeposit: 8n }, [5n, 4n, 3n], [5n, 'DEPOSIT_ABOVE_CAP', 3n]],
  ])('is deposited as %s', (_, limits, missing, expected) => {
    const spending = createSpending(limits);
    const deposits = missing.map((amount) => spending.deposit(amount));
    expect(deposits.map((answer) => (typeof answer === 'bigint' ? answer : answer.code))).toEqual(expected);
  });
});
