import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChainClient, createProviderPayments } from '../../main/payment/index.ts';
import type { ChainClient } from '../../main/payment/index.ts';
import { channelConfigTuple, deliverChunk, giveReceipt, openMarketPlace, openTask, walletOf } from './market-place.ts';
import type { MarketPlace, ProviderParty, RequesterParty } from './market-place.ts';

let market: MarketPlace;
let buyer: RequesterParty;

beforeAll(async () => {
  market = await openMarketPlace();
  buyer = await market.addRequester('buyer');
});

afterAll(() => market.close());

/** One task of ten units at ten each, with its receipt. */
async function sell(provider: ProviderParty, requester: RequesterParty, name: string): Promise<void> {
  const task = await openTask(market.chain, requester, provider, name);
  await deliverChunk(requester, provider, task, 10n);
  await giveReceipt(requester, provider, task);
}

function clientOf(name: string): ChainClient {
  return createChainClient({ settings: market.chain.settings, wallet: walletOf(name) });
}

test('nothing is sent when nothing is earned', async () => {
  const provider = await market.addProvider('idle');
  await openTask(market.chain, buyer, provider, 'idle');
  expect(await provider.payments.claimAndSettle()).toEqual({
    claimed: 0n,
    settled: 0n,
    channels: 0,
    transactionHashes: [],
  });
});

test('without coin for the gas nothing is claimed, the reason is named, and nothing is lost', async () => {
  const provider = market.restartProvider('penniless');
  await sell(provider, buyer, 'for free for now');
  const failure = expect.objectContaining({ code: 'GAS_UNAFFORDABLE', message: expect.stringContaining('not enough') });
  await expect(provider.payments.claimAndSettle()).rejects.toThrow(failure);
  await market.chain.fund(provider.wallet.address, { eth: 10n ** 18n });
  expect(await provider.payments.claimAndSettle()).toMatchObject({ claimed: 100n, settled: 100n });
});

test('a node that dies between sending a claim and recording it neither claims nor counts it again', async () => {
  const real = clientOf('dying');
  const dying: ChainClient = {
    ...real,
    async claim(rows, settleFor) {
      await real.claim(rows, settleFor);
      throw new Error('the process is gone');
    },
  };
  const before = await market.addProvider('dying', { chain: dying });
  await sell(before, buyer, 'before the crash');
  await expect(before.payments.claimAndSettle()).rejects.toThrow('the process is gone');
  expect(before.payments.totals()).toEqual({ earned: 100n, claimed: 0n, settled: 0n });
  before.ledger.close();

  const after = market.restartProvider('dying');
  const report = await after.payments.claimAndSettle();
  expect(report).toEqual({ claimed: 100n, settled: 100n, channels: 1, transactionHashes: [] });
  expect(after.payments.totals()).toEqual({ earned: 100n, claimed: 100n, settled: 100n });
  expect(await market.chain.usdcOf(after.wallet.address)).toBe(100n);
  await sell(after, buyer, 'after the crash');
  expect(await after.payments.claimAndSettle()).toMatchObject({ claimed: 100n, settled: 100n });
  expect(await market.chain.usdcOf(after.wallet.address)).toBe(200n);
  after.ledger.verify();
  real.close();
});

test('what was claimed but not paid out is paid out at the next claim', async () => {
  const real = clientOf('halfway');
  const halfway: ChainClient = { ...real, claim: (rows) => real.claim(rows, null) };
  const before = await market.addProvider('halfway', { chain: halfway });
  await sell(before, buyer, 'halfway');
  expect(await before.payments.claimAndSettle()).toMatchObject({ claimed: 100n, settled: 0n });
  before.ledger.close();
  const after = market.restartProvider('halfway');
  expect(await after.payments.claimAndSettle()).toMatchObject({ claimed: 0n, settled: 100n, channels: 0 });
  expect(after.payments.totals()).toEqual({ earned: 100n, claimed: 100n, settled: 100n });
  real.close();
});

test('a restart closes what was running; acknowledged chunks are claimed and a late receipt brings the rest', async () => {
  const before = await market.addProvider('restarted');
  const task = await openTask(market.chain, buyer, before, 'cut short');
  for (let chunk = 0; chunk < 3; chunk += 1) await deliverChunk(buyer, before, task, 10n);
  before.ledger.close();

  const after = market.restartProvider('restarted');
  expect(after.ledger.listTasks(1)[0]).toMatchObject({ state: 'cancelled', detail: 'The node was restarted.' });
  expect(after.payments.reserveChunk(task.hash, 1n)).toMatchObject({ code: 'UNKNOWN_AGREEMENT' });
  expect(await after.payments.claimAndSettle()).toMatchObject({ claimed: 200n });
  await giveReceipt(buyer, after, task, { verdict: 'partial' });
  expect(await after.payments.claimAndSettle()).toMatchObject({ claimed: 100n });
  expect(after.ledger.listTasks(1)[0]).toMatchObject({ state: 'claimed', amountDue: '300' });
});

test('pay-outs go to the address of the owner’s choosing, not to the hot key', async () => {
  const vault = walletOf('vault').address;
  const provider = await market.addProvider('careful', { payoutAddress: vault });
  await sell(provider, buyer, 'for the vault');
  await provider.payments.claimAndSettle();
  expect(await market.chain.usdcOf(vault)).toBe(100n);
  expect(await market.chain.usdcOf(provider.wallet.address)).toBe(0n);
});

test('a provider that lost its ledger goes on from what the chain has', async () => {
  const before = await market.addProvider('forgetful');
  await sell(before, buyer, 'remembered');
  await before.payments.claimAndSettle();
  // The same key with an empty ledger.
  const after = market.restartProvider('forgetful, again');
  const relearned = { ...after, wallet: before.wallet, receiver: before.receiver };
  const payments = createProviderPayments({ ledger: after.ledger, chain: before.chain, signer: before.wallet });
  await sell({ ...relearned, payments }, buyer, 'learned anew');
  expect(await payments.claimAndSettle()).toMatchObject({ claimed: 100n, settled: 100n });
  expect(payments.totals()).toEqual({ earned: 100n, claimed: 100n, settled: 100n });
  expect(await market.chain.usdcOf(before.wallet.address)).toBe(200n);
});

test('thirty channels are claimed in two transactions, and one whose payer left does not hold up the others', async () => {
  const provider = await market.addProvider('popular');
  const buyers: RequesterParty[] = [];
  for (let index = 0; index < 30; index += 1) buyers.push(await market.addRequester(`buyer ${index}`, 1_000n));
  for (const [index, one] of buyers.entries()) await sell(provider, one, `sale ${index}`);
  const report = await provider.payments.claimAndSettle();
  expect(report).toMatchObject({ claimed: 3_000n, settled: 3_000n, channels: 30 });
  expect(report.transactionHashes).toHaveLength(2);

  // Two more sales; one of the payers has drained its channel by the time the claim is mined.
  const [leaver, stayer] = buyers;
  if (leaver === undefined || stayer === undefined) throw new Error('no buyers');
  await market.chain.fund(leaver.wallet.address, { usdc: 10_000n });
  await market.chain.fund(stayer.wallet.address, { usdc: 10_000n });
  await sell(provider, leaver, 'unpaid');
  await sell(provider, stayer, 'paid');
  const channel = leaver.ledger.listChannels('requester')[0];
  const from = leaver.wallet.address;
  await market.callSettlement(from, `initiateWithdraw(${channelConfigTuple}, uint128 amount)`, [
    channel?.config,
    1_000n,
  ]);
  await market.chain.request('evm_increaseTime', [86_401]);
  const original = provider.chain.claim;
  let drained = false;
  const raced: ChainClient = {
    ...provider.chain,
    async claim(rows, settleFor) {
      // After the node looked, before its transaction is mined.
      if (!drained) await market.callSettlement(from, `finalizeWithdraw(${channelConfigTuple})`, [channel?.config]);
      drained = true;
      return original(rows, settleFor);
    },
  };
  provider.ledger.close();
  const racing = market.restartProvider('popular', { chain: raced });
  expect(await racing.payments.claimAndSettle()).toMatchObject({ claimed: 100n, settled: 100n, channels: 1 });
  expect(racing.payments.totals()).toEqual({ earned: 3_200n, claimed: 3_100n, settled: 3_100n });
  racing.ledger.verify();
});
