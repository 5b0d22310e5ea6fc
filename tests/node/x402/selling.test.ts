/** A chat sold over HTTP with everything real but the GPU: endpoint, task runner, ledger, vouchers, a local chain, claims. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createTaskRunner } from '../../../main/node/task-runner.ts';
import type { TaskRunner } from '../../../main/node/task-runner.ts';
import { openX402 } from '../../../main/node/x402/open-x402.ts';
import type { X402Endpoint } from '../../../main/node/x402/endpoint.ts';
import { transactionQuota } from '../../../main/node/x402/limits.ts';
import type { StoredInput } from '../../../main/store/input-store.ts';
import type { TaskSnapshot } from '../../../protocol/node-api.ts';
import { shaderSetHash } from '../../requester/market.ts';
import { createToyWorker, toyModelSha256, toyStore } from '../../requester/toy-worker.ts';
import type { ToyWorkerOptions } from '../../requester/toy-worker.ts';
import { agree, deliverChunk, giveReceipt, openMarketPlace, openTask } from '../../payment/market-place.ts';
import type { MarketPlace, ProviderParty } from '../../payment/market-place.ts';
import { headerOf, openX402Payer } from '../../payment/x402-payer.ts';

let market: MarketPlace;
let provider: ProviderParty;
let endpoint: X402Endpoint;
let runner: TaskRunner;
let shown: TaskSnapshot[];
/** What the toy GPU and the owner do in the test that runs. */
let before: ToyWorkerOptions['before'];
let closedReason: string | null;

/** A token costs 10; a request for 40 tokens 400. */
const pricePerMillion = 10_000_000n;
const models: StoredInput[] = [
  { sha256: 'ef'.repeat(32), kind: 'scene', path: '/toy/room.glb', sizeBytes: 1 },
  { sha256: toyModelSha256, kind: 'model', path: '/toy/Tiny-Q8.gguf', sizeBytes: 1 },
  { sha256: '99'.repeat(32), kind: 'model', path: '/toy/gone.gguf', sizeBytes: 1 },
];

beforeAll(async () => {
  market = await openMarketPlace();
  provider = await market.addProvider('provider');
  runner = createTaskRunner({
    worker: createToyWorker({ before: (...call) => before?.(...call) }),
    payments: provider.payments,
    signer: provider.wallet,
    store: toyStore,
    chainId: 31_337n,
    shaderSetHash,
    adapterClass: () => 'toy',
    numericProfile: () => 'f32',
    prices: () => ({ chat: pricePerMillion, render: 1n }),
    closedReason: () => closedReason,
    maxOpenTasks: 2,
    onTask: (task) => shown.push(task),
  });
  endpoint = await openX402(
    {
      ...provider,
      runner,
      store: { ...toyStore, list: async () => models },
      prices: () => ({ chat: pricePerMillion, render: 1n }),
      shaderSetHash,
      numericProfile: () => 'f32',
      adapterClass: () => 'toy',
      log: () => {},
    },
    { port: 0, host: '127.0.0.1' },
  );
});

beforeEach(() => {
  shown = [];
  before = undefined;
  closedReason = null;
});

afterAll(async () => {
  await endpoint.close();
  await market.close();
});

const openPayer = (usdc = 1_000_000n) =>
  openX402Payer(market.chain, { receiver: provider.wallet.address, receiverAuthorizer: provider.wallet.address }, usdc);

const chat = { model: 'tiny-q8', messages: [{ role: 'user', content: 'Say something.' }], max_tokens: 40, seed: 4 };

interface Reply {
  readonly error?: string | { readonly code: string; readonly message: string };
  readonly accepts?: readonly { readonly amount: string }[];
  readonly choices?: readonly { readonly message: { readonly content: string }; readonly finish_reason: string }[];
  readonly usage?: { readonly completion_tokens: number };
}

async function ask(payload: object | null, body: object = chat, signal: AbortSignal | null = null) {
  const headers = payload === null ? {} : { 'PAYMENT-SIGNATURE': headerOf(payload) };
  const response = await fetch(endpoint.url, { method: 'POST', body: JSON.stringify(body), headers, signal });
  const reply = (await response.json()) as Reply;
  const receipt = response.headers.get('PAYMENT-RESPONSE');
  const paid = receipt === null ? null : JSON.parse(Buffer.from(receipt, 'base64').toString('utf8'));
  return { status: response.status, reply, paid, retryAfter: response.headers.get('retry-after') };
}

async function get(payload: object | null) {
  const headers = payload === null ? {} : { 'PAYMENT-SIGNATURE': headerOf(payload) };
  const response = await fetch(endpoint.url, { headers });
  return { status: response.status, reply: (await response.json()) as Reply };
}

function owedOn(channelId: `0x${string}`): bigint | undefined {
  return provider.ledger.findChannel('provider', channelId)?.owed;
}

test('without a payment the price of what was asked for is told, and nothing is computed', async () => {
  const { status, reply } = await ask(null);
  expect([status, reply.accepts?.[0]?.amount, shown]).toEqual([402, '400', []]);
  expect((await ask(null, { ...chat, max_tokens: 3 })).reply.accepts?.[0]?.amount).toBe('30');
});

test('a paid request is computed by the node, booked like a task between peers, claimed and in the CSV', async () => {
  const payer = await openPayer();
  const earnedBefore = provider.payments.totals().earned;
  const first = await ask(await payer.deposit(100_000n, 400n));
  expect(first.status).toBe(200);
  expect(first.reply).toMatchObject({ usage: { completion_tokens: 40 }, choices: [{ finish_reason: 'length' }] });
  expect(first.paid.extra).toMatchObject({ chargedAmount: '400', channelState: { chargedCumulativeAmount: '400' } });
  expect(shown.at(-1)).toMatchObject({ state: 'delivered', unitsDone: '40', amountDue: '400', role: 'provider' });
  // The same words for the same seed.
  const again = await ask(await payer.pay(800n));
  expect(again.reply.choices?.[0]?.message.content).toBe(first.reply.choices?.[0]?.message.content);

  const [channel] = provider.ledger.channelSnapshots().filter(({ channelId }) => channelId === payer.channelId);
  expect(channel).toMatchObject({ balance: '100000', ceiling: '800', owed: '800', claimed: '0' });
  const entries = provider.ledger.listEarnings().filter(({ counterparty }) => isPayer(payer, counterparty));
  expect(entries.map(({ kind, units, amount, state }) => [kind, units, amount, state])).toEqual([
    ['chat', '40', '400', 'delivered'],
    ['chat', '40', '400', 'delivered'],
  ]);
  expect(provider.payments.totals().earned - earnedBefore).toBe(800n);
  expect((await provider.payments.claimAndSettle()).claimed).toBe(800n);
  expect(owedOn(payer.channelId)).toBe(800n);
  provider.ledger.verify();
});

test('fewer tokens than were paid for are charged as what they are, and the client goes on from there', async () => {
  const payer = await openPayer();
  const long = { ...chat, max_tokens: 1_000, seed: 3 };
  const { reply, paid } = await ask(await payer.deposit(100_000n, 10_000n), long);
  const made = reply.usage?.completion_tokens ?? 0;
  expect([reply.choices?.[0]?.finish_reason, made < 1_000]).toEqual(['stop', true]);
  const charged = BigInt(made) * 10n;
  expect(paid.extra).toMatchObject({ chargedAmount: String(charged) });
  expect(owedOn(payer.channelId)).toBe(charged);
  // A client that lost count is told where it stands.
  const lost = await ask(await payer.pay(10_400n));
  expect(lost.reply).toMatchObject({
    error: 'invalid_batch_settlement_evm_cumulative_amount_mismatch',
    accepts: [{ extra: { channelState: { chargedCumulativeAmount: String(charged) } } }],
  });
  expect((await ask(await payer.pay(charged + 400n))).status).toBe(200);
});

test('peers and HTTP share one book: earned and claimed in one transaction', async () => {
  await provider.payments.claimAndSettle();
  const requester = await market.addRequester('peer');
  const payer = await openPayer();
  await ask(await payer.deposit(100_000n, 400n));
  const task = await openTask(market.chain, requester, provider, 'beside');
  await deliverChunk(requester, provider, task, 10n);
  await giveReceipt(requester, provider, task);
  const { claimed, channels, transactionHashes } = await provider.payments.claimAndSettle();
  expect([claimed, channels, transactionHashes.length]).toEqual([500n, 2, 1]);
});

test('a node that takes no work asks nobody for money', async () => {
  const payer = await openPayer();
  closedReason = 'Paused by you until you resume.';
  const refused = { status: 503, retryAfter: '60', reply: { error: { code: 'NOT_ACCEPTING', message: closedReason } } };
  expect(await ask(null)).toMatchObject(refused);
  expect(await ask(await payer.deposit(100_000n, 400n))).toMatchObject(refused);
  expect((await provider.chain.readChannel(payer.channelId)).balance).toBe(0n);
});

test.each([
  ['a model that is not there', { ...chat, model: 'other' }, 404, 'UNKNOWN_MODEL'],
  ['a file that went away', { ...chat, model: 'gone' }, 404, 'UNKNOWN_MODEL'],
  ['a scene', { ...chat, model: 'room' }, 404, 'UNKNOWN_MODEL'],
  ['too much', { ...chat, max_tokens: 5_000 }, 400, 'BAD_REQUEST'],
  ['a stream', { ...chat, stream: true }, 400, 'NOT_OFFERED'],
])('%s is refused before a price is named', async (_what, body, status, code) => {
  expect(await ask(null, body)).toMatchObject({ status, reply: { error: { code } } });
});

test('a model goes by its name, its hash, or by nothing where any will do', async () => {
  for (const model of ['TINY-q8', toyModelSha256, undefined]) {
    expect((await ask(null, { ...chat, model })).status).toBe(402);
  }
  const list = await fetch(new URL('/v1/models', endpoint.url));
  expect(await list.json()).toMatchObject({
    data: [{ id: 'Tiny-Q8', sha256: toyModelSha256, price_per_million_tokens: '10000000' }, { id: 'gone' }],
  });
});

test('what the GPU fails to make is not charged, and the same voucher pays for the next try', async () => {
  const payer = await openPayer();
  before = (kind, worker) => {
    if (kind === 'next-tokens') worker.die();
  };
  const failed = await ask(await payer.deposit(100_000n, 400n));
  expect(failed).toMatchObject({ status: 503, paid: null, reply: { error: { code: 'WORKER_FAILED' } } });
  expect(owedOn(payer.channelId)).toBe(0n);
  expect(shown.at(-1)).toMatchObject({ state: 'failed' });
  before = undefined;
  expect((await ask(await payer.pay(400n))).status).toBe(200);
  expect(owedOn(payer.channelId)).toBe(400n);
});

test('an owner who takes the GPU back gets it: the request is handed back and not charged', async () => {
  const payer = await openPayer();
  let handedBack: Promise<void> | undefined;
  before = (kind) => {
    if (kind === 'next-tokens') handedBack ??= runner.handBack('Paused by you for 5 min.');
  };
  const answer = await ask(await payer.deposit(100_000n, 400n));
  expect(answer).toMatchObject({ status: 503, reply: { error: { message: 'Paused by you for 5 min.' } } });
  await handedBack;
  expect([owedOn(payer.channelId), runner.openTasks]).toEqual([0n, 0]);
});

test('a payer that hangs up is charged for what was made until then, not more', async () => {
  const long = { ...chat, max_tokens: 1_000 };
  const [patient, payer] = [await openPayer(), await openPayer()];
  const whole = await ask(await patient.deposit(100_000n, 10_000n), long);
  const price = BigInt(whole.paid.extra.chargedAmount);
  const hangUp = new AbortController();
  let calls = 0;
  before = async (kind) => {
    if (kind !== 'next-tokens' || (calls += 1) < 3) return;
    hangUp.abort();
    // Time for the endpoint to hear of it.
    for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  await expect(ask(await payer.deposit(100_000n, 10_000n), long, hangUp.signal)).rejects.toThrow();
  await expect.poll(() => owedOn(payer.channelId)).toBeGreaterThan(0n);
  const owed = owedOn(payer.channelId) ?? 0n;
  expect(owed).toBeLessThan(price);
  before = undefined;
  expect((await ask(await payer.pay(owed + 400n))).status).toBe(200);
});

test('a node that is full sends payers away, and takes them when it is not', async () => {
  const payers = [await openPayer(), await openPayer(), await openPayer()];
  const release = Promise.withResolvers<void>();
  before = async (kind) => {
    if (kind === 'next-tokens') await release.promise;
  };
  const [first, second, third] = payers;
  const held = [ask(await first!.deposit(100_000n, 400n)), ask(await second!.deposit(100_000n, 400n))];
  await expect.poll(() => runner.openTasks).toBe(2);
  expect(await ask(await third!.deposit(100_000n, 400n))).toMatchObject({ status: 503, retryAfter: '5' });
  release.resolve();
  for (const answer of await Promise.all(held)) expect(answer.status).toBe(200);
  expect((await ask(await third!.deposit(100_000n, 400n))).status).toBe(200);
});

test('a payer cannot have us send transactions without end, and does not keep others from it', async () => {
  const payer = await openPayer();
  expect((await ask(await payer.deposit(500_000n, 400n))).status).toBe(200);
  const refund = async () => (await ask(await payer.refund(400n, '50000'))).status;
  for (let count = 1; count < transactionQuota.perPeer.count; count += 1) expect(await refund()).toBe(200);
  expect(await refund()).toBe(429);
  expect(await ask(await payer.deposit(100_000n, 800n))).toMatchObject({ status: 429, retryAfter: '3600' });
  // What needs no transaction goes on.
  expect((await ask(await payer.pay(800n))).status).toBe(200);
  const other = await openPayer();
  expect((await ask(await other.deposit(100_000n, 400n))).status).toBe(200);
});

test('terms and refunds are had without a chat, also of a node that takes no work', async () => {
  closedReason = 'Paused by you until you resume.';
  expect(await get(null)).toMatchObject({ status: 402, reply: { accepts: [{ amount: '2560' }] } });
  closedReason = null;
  const payer = await openPayer();
  expect((await ask(await payer.deposit(100_000n, 400n))).status).toBe(200);
  closedReason = 'Paused by you until you resume.';
  // A voucher buys nothing here, and is not charged.
  expect((await get(await payer.pay(2_960n))).status).toBe(400);
  expect(owedOn(payer.channelId)).toBe(400n);
  expect((await get(await payer.refund(400n))).status).toBe(200);
  expect(await market.chain.usdcOf(payer.wallet.address)).toBe(1_000_000n - 400n);
  const [channel] = provider.ledger.channelSnapshots().filter(({ channelId }) => channelId === payer.channelId);
  expect(channel).toMatchObject({ balance: '400', owed: '400', claimed: '400' });
});

test('an agreement between peers keeps its deposit from being refunded', async () => {
  const requester = await market.addRequester('both');
  const task = await agree(market.chain, requester, provider, 'peer task', { maxUnits: 100n });
  const { signed, hash, channel } = task;
  await provider.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
  const voucher = { ...(await requester.wallet.signVoucher(channel, 0n)), maxClaimableAmount: '0' };
  const { status, reply } = await ask({ type: 'refund', channelConfig: channel, voucher });
  expect([status, reply.error]).toEqual([402, 'invalid_batch_settlement_evm_refund_transaction_failed']);
});

function isPayer(payer: Awaited<ReturnType<typeof openPayer>>, counterparty: string): boolean {
  return payer.wallet.address.toLowerCase() === counterparty.toLowerCase();
}
