import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChainClient, createRequesterPayments } from '../../main/payment/index.ts';
import { openLedger } from '../../main/ledger/index.ts';
import { hashChunkChain } from '../../protocol/hashing/chunk-chain.ts';
import {
  agree,
  deliverChunk,
  giveReceipt,
  hashOf,
  openMarketPlace,
  openTask,
  receiptFor,
  walletOf,
} from './market-place.ts';
import type { MarketPlace, OpenedTask, ProviderParty, RequesterParty } from './market-place.ts';

let market: MarketPlace;
let provider: ProviderParty;

beforeAll(async () => {
  market = await openMarketPlace();
  provider = await market.addProvider('provider');
});

afterAll(() => market.close());

function open(requester: RequesterParty, amount: bigint) {
  const { address } = provider.wallet;
  return requester.payments.openChannel({ receiver: address, receiverAuthorizer: address, amount });
}

async function ceilingAfter(requester: RequesterParty, task: OpenedTask, coveredUnits: bigint) {
  const answer = await requester.payments.signVoucher(task.hash, coveredUnits);
  return answer.ok ? answer.voucher.maxClaimableAmount : answer.code;
}

test('the ceiling is the sum of what is covered, only grows, and never passes the deposit', async () => {
  const requester = await market.addRequester('adds up');
  const first = await agree(market.chain, requester, provider, 'first', { maxUnits: 50n });
  const second = await agree(market.chain, requester, provider, 'second', { maxUnits: 50n });
  expect(requester.payments.totals()).toEqual({ spent: 0n, deposited: 1_000n });
  expect(await ceilingAfter(requester, first, 6n)).toBe(60n);
  expect(await ceilingAfter(requester, second, 5n)).toBe(110n);
  expect(await ceilingAfter(requester, first, 5n)).toBe(110n);
  expect(await ceilingAfter(requester, first, 51n)).toBe('NOT_COVERED');
  expect(await ceilingAfter(requester, first, -1n)).toBe('NOT_COVERED');
  const many = [first, second, first, second].map((task, index) => ceilingAfter(requester, task, 5n + BigInt(index)));
  expect(await Promise.all(many)).toEqual([110n, 120n, 130n, 150n]);
  expect(await requester.payments.signVoucher(hashOf('unknown'), 1n)).toMatchObject({ code: 'UNKNOWN_AGREEMENT' });
  requester.ledger.verify();
});

test('what a task did not use covers the next one once its receipt is delivered', async () => {
  const requester = await market.addRequester('thrifty');
  const first = await openTask(market.chain, requester, provider, 'short answer', { maxUnits: 16n });
  expect(await ceilingAfter(requester, first, 16n)).toBe(160n);
  const voucher = await requester.payments.signVoucher(first.hash, 16n);
  if (voucher.ok) provider.payments.acceptVoucher(first.hash, voucher.voucher, 0);
  provider.payments.reserveChunk(first.hash, 16n);
  const chunk = { sequence: 0, units: 4n, payloadSha256: hashOf('four') };
  provider.payments.recordChunk(first.hash, chunk);
  requester.payments.recordChunk(first.hash, chunk);
  await giveReceipt(requester, provider, first);
  const second = await openTask(market.chain, requester, provider, 'next answer', { maxUnits: 16n });
  // 40 are spent and 160 were promised: twelve more units need no new signature.
  expect(await ceilingAfter(requester, second, 12n)).toBe(160n);
  expect(await ceilingAfter(requester, second, 13n)).toBe(170n);
  expect(requester.payments.totals()).toMatchObject({ deposited: 200n, spent: 40n });
});

test('a deposit is made once for tasks asked for at the same time, and topped up for more', async () => {
  const requester = await market.addRequester('at once');
  const answers = await Promise.all([open(requester, 100n), open(requester, 200n), open(requester, 300n)]);
  const ids = answers.map((answer) => (answer.ok ? answer.channelId : answer.code));
  expect(new Set(ids).size).toBe(1);
  expect(requester.payments.totals().deposited).toBe(600n);
  expect(await market.chain.usdcOf(requester.wallet.address)).toBe(100_000_000n - 600n);
});

test('after a restart the channel, its ceiling and undelivered receipts are still known', async () => {
  const before = await market.addRequester('restarts');
  const task = await openTask(market.chain, before, provider, 'before the restart');
  await deliverChunk(before, provider, task, 10n);
  const receipt = await giveReceipt(before, provider, task, { verdict: 'partial', arrives: false });
  const cutShort = await openTask(market.chain, before, provider, 'cut short by the restart');
  before.ledger.close();
  const after = market.restartRequester('restarts');
  expect(after.ledger.findTask('requester', cutShort.hash)).toMatchObject({ state: 'cancelled' });
  expect(after.payments.undeliveredReceipts(provider.wallet.address)).toMatchObject([{ receipt }]);
  const next = await agree(market.chain, after, provider, 'after the restart');
  expect(next.agreement.channelId).toBe(task.agreement.channelId);
  expect(await ceilingAfter(after, next, 1n)).toBe(110n);
});

test('what a killed requester had is receipted at its next start, and its provider takes tasks again', async () => {
  const before = await market.addRequester('killed');
  const task = await openTask(market.chain, before, provider, 'killed in the middle');
  await deliverChunk(before, provider, task, 10n);
  await deliverChunk(before, provider, task, 6n, false);
  const unbegun = await agree(market.chain, before, provider, 'killed before it began');
  before.ledger.close();
  provider.payments.closeTask(task.hash, 'the stream broke');
  const after = market.restartRequester('killed');
  const terms = { unitsDone: 10n, maxUnits: 100n, amountDue: 100n, kind: 'chat' };
  expect(await after.payments.receiptInterrupted()).toMatchObject([
    { agreementHash: task.hash, ...terms },
    { agreementHash: unbegun.hash, unitsDone: 0n, amountDue: 0n },
  ]);
  expect(await after.payments.receiptInterrupted()).toEqual([]);
  await expect(openTask(market.chain, after, provider, 'too early')).rejects.toThrow('bring its receipt first');
  const [owed] = after.payments.undeliveredReceipts(provider.wallet.address);
  const chunk = { sequence: 0, units: 10n, payloadSha256: hashOf('payload 0') };
  expect(owed?.receipt).toMatchObject({
    agreementHash: task.hash,
    verdict: 'partial',
    units: 10n,
    resultHash: hashChunkChain(task.hash, [chunk]),
  });
  expect(provider.payments.acceptReceipt(owed!.receipt, owed!.signature)).toEqual({ ok: true });
  await openTask(market.chain, after, provider, 'after its receipt');
  expect(after.payments.totals().spent).toBe(100n);
  after.ledger.verify();
});

test('what would have to be deposited is told without doing so, and a channel is filled by what its owner allows', async () => {
  const requester = await market.addRequester('careful', 1_000n);
  const { payments } = requester;
  const { address } = provider.wallet;
  const channel = { receiver: address, receiverAuthorizer: address };
  expect(await payments.missingDeposit({ ...channel, amount: 100n })).toEqual({ ok: true, missing: 100n, balance: 0n });
  expect(await payments.funds()).toMatchObject({ ok: true, token: 1_000n, depositFee: expect.any(BigInt) });
  const refusal = { ok: false, code: 'DEPOSIT_ABOVE_CAP', message: 'no more' } as const;
  expect(await payments.openChannel({ ...channel, amount: 100n, fill: () => refusal })).toBe(refusal);
  expect(payments.totals().deposited).toBe(0n);
  expect(await payments.openChannel({ ...channel, amount: 100n, fill: () => 400n })).toMatchObject({ ok: true });
  expect(payments.totals().deposited).toBe(400n);
  expect(await payments.missingDeposit({ ...channel, amount: 250n })).toMatchObject({ missing: 0n, balance: 400n });
  // No more than there is, where the missing part is there.
  expect(await payments.openChannel({ ...channel, amount: 700n, fill: () => 9_999n })).toMatchObject({ ok: true });
  expect(payments.totals().deposited).toBe(1_000n);
});

test('a requester that lost its ledger opens another channel beside the old one', async () => {
  const before = await market.addRequester('loses');
  const task = await agree(market.chain, before, provider, 'known');
  const ledger = openLedger({ path: ':memory:' });
  const payments = createRequesterPayments({ ledger, chain: before.chain, signer: before.wallet });
  const answer = await open({ ...before, ledger, payments }, 100n);
  expect(answer).toMatchObject({ ok: true });
  expect(answer.ok ? answer.channelId : '').not.toBe(task.agreement.channelId);
  ledger.close();
});

test('too little money, no gas, no endpoint: each is refused with its own code', async () => {
  const poor = await market.addRequester('poor', 99n);
  expect(await open(poor, 100n)).toMatchObject({ code: 'DEPOSIT_TOO_SMALL', needed: 100n, available: 99n });
  const dry = market.restartRequester('dry');
  await market.chain.fund(dry.wallet.address, { usdc: 100n });
  const refused = await open(dry, 100n);
  expect(refused).toMatchObject({ code: 'DEPOSIT_FAILED', message: expect.stringContaining('not enough') });
  const settings = { ...market.chain.settings, rpcUrl: 'http://127.0.0.1:9' };
  const chain = createChainClient({ settings, wallet: walletOf('alone') });
  const ledger = openLedger({ path: ':memory:' });
  const payments = createRequesterPayments({ ledger, chain, signer: walletOf('alone') });
  expect(await open({ ...poor, ledger, payments }, 1n)).toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  chain.close();
});

test('a chunk nobody covered, a chunk out of order and a wrong receipt are the caller’s mistakes', async () => {
  const requester = await market.addRequester('strict');
  const task = await agree(market.chain, requester, provider, 'strict');
  const { payments } = requester;
  await payments.signVoucher(task.hash, 10n);
  const chunk = { sequence: 0, units: 11n, payloadSha256: hashOf('chunk') };
  const invalid = expect.objectContaining({ code: 'RECORD_INVALID' });
  expect(() => payments.recordChunk(task.hash, chunk)).toThrow(invalid);
  expect(() => payments.recordChunk(task.hash, { ...chunk, units: 1n, sequence: 1 })).toThrow('came before chunk 0');
  expect(payments.recordChunk(task.hash, { ...chunk, units: 7n })).toEqual({ unitsDone: 7n, amountDue: 70n });
  expect(() => payments.markReceiptDelivered(task.hash)).toThrow(invalid);
  const receipt = receiptFor(requester, task, 'accepted');
  await expect(payments.issueReceipt(task.hash, { ...receipt, amountDue: 69n })).rejects.toThrow(invalid);
  await expect(payments.issueReceipt(task.hash, { ...receipt, units: 8n, amountDue: 80n })).rejects.toThrow(invalid);
  const [first, again] = [
    await payments.issueReceipt(task.hash, receipt),
    await payments.issueReceipt(task.hash, receipt),
  ];
  expect(again).toEqual(first);
  expect(() => payments.recordChunk(task.hash, { ...chunk, sequence: 1, units: 1n })).toThrow(invalid);
  expect(await payments.signVoucher(task.hash, 10n)).toMatchObject({ ok: false });
  payments.markReceiptDelivered(task.hash);
  payments.markReceiptDelivered(task.hash);
});
