/** A payer asks for what is left of its deposit: it gets that and nothing that is owed, promised or another's. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PaymentError, createProviderPayments, createRequesterPayments } from '../../main/payment/index.ts';
import type { ChainClient, ProviderPayments } from '../../main/payment/index.ts';
import { openLedger } from '../../main/ledger/index.ts';
import { bookRefund } from '../../main/payment/refunds.ts';
import { channelIdOf } from '../../main/payment/typed-data.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import { account, bytes32 } from '../ledger/facts.ts';
import { agree, channelConfigTuple, deliverChunk, giveReceipt, openMarketPlace, openTask } from './market-place.ts';
import type { MarketPlace, OpenedTask, ProviderParty, RequesterParty } from './market-place.ts';

let market: MarketPlace;
let number = 0;

beforeAll(async () => {
  market = await openMarketPlace();
});

afterAll(() => market.close());

const usd = 100_000_000n;

/** One task of 1,000 at most, of which 100 are receipted and 160 were promised. */
async function openPair(settle = true) {
  number += 1;
  const buyer = await market.addRequester(`refunded ${number}`);
  const seller = await market.addProvider(`refunder ${number}`);
  const task = await openTask(market.chain, buyer, seller, `before the refund ${number}`);
  await deliverChunk(buyer, seller, task, 10n);
  const signed = await buyer.payments.signVoucher(task.hash, 20n);
  if (signed.ok) seller.payments.acceptVoucher(task.hash, signed.voucher, 1);
  if (settle) await giveReceipt(buyer, seller, task);
  return { buyer, seller, task, channelId: task.agreement.channelId, payer: buyer.wallet.address };
}

const heldBy = (party: RequesterParty | ProviderParty): Promise<bigint> => market.chain.usdcOf(party.wallet.address);

test('what is left goes back at once; what is owed was claimed before, and what a voucher covers stays', async () => {
  const { buyer, seller, channelId, payer } = await openPair();
  const held = await market.chain.usdcOf(settlementAddress);
  const outcome = await seller.payments.refund({ payer, channelId, amount: null });
  // 1,000 deposited, 200 promised, 100 owed.
  expect(outcome).toMatchObject({ ok: true, amount: 800n });
  expect(await heldBy(buyer)).toBe(usd - 200n);
  expect(await seller.chain.readChannel(channelId)).toMatchObject({ balance: 200n, totalClaimed: 100n });
  expect(seller.ledger.findChannel('provider', channelId)).toMatchObject({ balance: 200n, claimed: 100n });
  expect(await market.chain.usdcOf(settlementAddress)).toBe(held - 800n);
  expect(await seller.payments.claimAndSettle()).toMatchObject({ claimed: 0n, settled: 100n });
  expect(await heldBy(seller)).toBe(100n);

  expect(buyer.payments.refundable()).toMatchObject([{ channelId, openTasks: 0 }]);
  expect(await buyer.payments.noteRefund(channelId, bytes32(1))).toBe(800n);
  expect(await buyer.payments.noteRefund(channelId, bytes32(1))).toBe(0n);
  expect(buyer.payments.refundable()).toEqual([]);
  expect(buyer.payments.refundable(channelId.toUpperCase().replace('0X', '0x'))).toHaveLength(1);
  expect(buyer.payments.totals()).toEqual({ spent: 100n, deposited: 200n });
  // The channel is used again: the deposit is made up for the next task.
  const next = await openTask(market.chain, buyer, seller, `after the refund ${number}`);
  expect(next.agreement.channelId).toBe(channelId);
  await deliverChunk(buyer, seller, next, 10n);
  await giveReceipt(buyer, seller, next);
  await seller.payments.claimAndSettle();
  expect(await heldBy(seller)).toBe(200n);
  for (const { ledger } of [buyer, seller]) ledger.verify();
});

test('a part of it goes back when a part is asked for, and the rest when the rest is', async () => {
  const { buyer, seller, channelId, payer } = await openPair();
  const { refund } = seller.payments;
  expect(await refund({ payer, channelId, amount: 300n })).toMatchObject({ ok: true, amount: 300n });
  expect(await refund({ payer, channelId, amount: 501n })).toMatchObject({ code: 'REFUND_AMOUNT', available: 500n });
  expect(await refund({ payer, channelId, amount: 500n })).toMatchObject({ ok: true, amount: 500n });
  expect(await refund({ payer, channelId, amount: null })).toMatchObject({ code: 'REFUND_AMOUNT', available: 0n });
  expect(await heldBy(buyer)).toBe(usd - 200n);
});

test('a channel whose earnings are claimed, and one that was never used, are refunded all the same', async () => {
  const { seller, channelId, payer } = await openPair();
  await seller.payments.claimAndSettle();
  expect(await seller.payments.refund({ payer, channelId, amount: null })).toMatchObject({ ok: true, amount: 800n });
  const buyer = await market.addRequester(`unused ${number}`);
  const task = await openTask(market.chain, buyer, seller, `unused ${number}`);
  seller.payments.closeTask(task.hash, 'never begun');
  const input = { payer: buyer.wallet.address, channelId: task.agreement.channelId, amount: null };
  expect(await seller.payments.refund(input)).toMatchObject({ ok: true, amount: 1_000n });
  expect(await heldBy(buyer)).toBe(usd);
});

test('what was claimed before the books knew the channel is not left', async () => {
  const { buyer, seller, channelId, payer } = await openPair();
  await seller.payments.claimAndSettle();
  const ledger = openLedger({ path: ':memory:' });
  const { chain, wallet } = seller;
  const later = { ...seller, ledger, payments: createProviderPayments({ ledger, chain, signer: wallet }) };
  const task = await openTask(market.chain, buyer, later, `with new books ${number}`);
  later.payments.closeTask(task.hash, 'never begun');
  const { balance } = await chain.readChannel(channelId);
  const outcome = await later.payments.refund({ payer, channelId, amount: null });
  expect(outcome).toMatchObject({ ok: true, amount: balance - 100n });
  ledger.close();
});

type Ask = Parameters<ProviderPayments['refund']>[0];

test.each<[string, string, Partial<Ask>]>([
  ['of a channel that nobody knows', 'CHANNEL_UNKNOWN', { channelId: bytes32(77) }],
  ['by somebody else', 'CHANNEL_MISMATCH', { payer: account(7) }],
  ['of nothing', 'REFUND_AMOUNT', { amount: 0n }],
  ['of less than nothing', 'REFUND_AMOUNT', { amount: -1n }],
  ['of what a voucher covers', 'REFUND_AMOUNT', { amount: 801n }],
  ['of the whole deposit', 'REFUND_AMOUNT', { amount: 1_000n }],
])('a refund %s is refused, and nothing moves', async (_what, code, change) => {
  const { buyer, seller, channelId, payer } = await openPair();
  expect(await seller.payments.refund({ payer, channelId, amount: null, ...change })).toMatchObject({ code });
  expect(await heldBy(buyer)).toBe(usd - 1_000n);
  expect(await seller.chain.readChannel(channelId)).toMatchObject({ balance: 1_000n, totalClaimed: 0n });
});

test('while a task is open nothing is given back, and while a refund is under way no task is opened', async () => {
  const { buyer, seller, task, channelId, payer } = await openPair(false);
  const ask = { payer, channelId, amount: null };
  expect(await seller.payments.refund(ask)).toMatchObject({ code: 'CHANNEL_BUSY' });
  await giveReceipt(buyer, seller, task);
  const next: OpenedTask = await agree(market.chain, buyer, seller, `too late ${number}`);
  const input = { signed: next.signed, agreementHash: next.hash, channel: next.channel, kind: 'chat' };
  const [opened, first, second] = await Promise.all([
    seller.payments.refund(ask).then(() => 'given back'),
    seller.payments.refund(ask),
    seller.payments.openTask(input),
  ]);
  expect(opened).toBe('given back');
  expect(first).toMatchObject({ code: 'CHANNEL_BUSY' });
  expect(second).toMatchObject({ code: 'CHANNEL_BUSY' });
  expect(await seller.payments.openTask(input)).toMatchObject({ code: 'DEPOSIT_TOO_SMALL' });
});

const fails = (code: 'CHAIN_UNREACHABLE' | 'TRANSACTION_REVERTED') => () =>
  Promise.reject(new PaymentError(code, 'no'));
const bug = () => Promise.reject(new TypeError('a bug'));

test('an endpoint that is gone, a transaction that fails and a fault of the program each leave the books as they are', async () => {
  const { buyer, seller, channelId, payer } = await openPair();
  const { ledger, wallet, chain } = seller;
  const ask = { payer, channelId, amount: null };
  const withChain = (change: Partial<ChainClient>) =>
    createProviderPayments({ ledger, chain: { ...chain, ...change }, signer: wallet });
  const unread = withChain({ readChannel: fails('CHAIN_UNREACHABLE') });
  expect(await unread.refund(ask)).toMatchObject({ code: 'CHAIN_UNREACHABLE' });
  await expect(withChain({ readChannel: bug }).refund(ask)).rejects.toThrow('a bug');
  const reverting = withChain({ refund: fails('TRANSACTION_REVERTED') });
  expect(await reverting.refund(ask)).toMatchObject({ code: 'REFUND_FAILED' });
  await expect(withChain({ refund: bug }).refund(ask)).rejects.toThrow('a bug');
  const elsewhere = withChain({ settings: { ...chain.settings, chainId: 1n } });
  expect(await elsewhere.refund(ask)).toMatchObject({ code: 'CHANNEL_UNKNOWN' });
  expect(ledger.findChannel('provider', channelId)).toMatchObject({ balance: 1_000n, claimed: 0n });
  const empty = openLedger({ path: ':memory:' });
  await bookRefund(chain, empty, channelId, bytes32(1));
  await bookRefund(chain, ledger, channelId, bytes32(1));
  expect(empty.readEvents()).toEqual([]);
  empty.close();
  expect(await reverting.refund({ ...ask, amount: 2_000n })).toMatchObject({ code: 'REFUND_AMOUNT' });
  expect(await heldBy(buyer)).toBe(usd - 1_000n);
});

test('a payer that withdraws on its own meanwhile gets the refund and then no more than the rest', async () => {
  const { buyer, seller, task, channelId, payer } = await openPair();
  const method = `initiateWithdraw(${channelConfigTuple}, uint128 amount)`;
  await market.callSettlement(payer, method, [task.channel, 1_000n]);
  expect(await seller.payments.refund({ payer, channelId, amount: null })).toMatchObject({ ok: true, amount: 800n });
  await market.chain.request('evm_increaseTime', [86_401]);
  await market.callSettlement(payer, `finalizeWithdraw(${channelConfigTuple})`, [task.channel]);
  expect(await heldBy(buyer)).toBe(usd - 100n);
  await seller.payments.claimAndSettle();
  expect(await heldBy(seller)).toBe(100n);
});

test('channels of other chains are not asked for', async () => {
  const { buyer, task } = await openPair();
  const ledger = openLedger({ path: ':memory:' });
  const { channel } = task;
  const foreign = channelIdOf(channel, 1n);
  ledger.append({
    kind: 'channel',
    role: 'requester',
    channelId: foreign,
    chainId: 1n,
    config: channel,
    baseClaimed: 0n,
  });
  const payments = createRequesterPayments({ ledger, chain: buyer.chain, signer: buyer.wallet });
  expect(payments.refundable(foreign)).toEqual([]);
  ledger.close();
});
