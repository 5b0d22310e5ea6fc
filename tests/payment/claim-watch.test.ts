/** What the node does by itself about earnings that are not safe yet, on a chain whose time and history we hold. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createChainClient, createClaimWatch } from '../../main/payment/index.ts';
import type { ClaimWatch } from '../../main/payment/index.ts';
import { channelConfigTuple, deliverChunk, giveReceipt, openMarketPlace, openTask, walletOf } from './market-place.ts';
import type { MarketPlace, OpenedTask, ProviderParty, RequesterParty } from './market-place.ts';
import { startRpcProxy } from './rpc-proxy.ts';

const daySeconds = 86_400;
/** Ten units at this price are one dollar, more than the gas of a claim on the local chain. */
const dear = { pricePerMillionUnits: 100_000_000_000n };

let market: MarketPlace;
let buyer: RequesterParty;

beforeAll(async () => {
  market = await openMarketPlace();
  buyer = await market.addRequester('buyer', 1_000_000_000n);
});

afterAll(() => market.close());

async function sell(provider: ProviderParty, name: string, terms: object = dear): Promise<OpenedTask> {
  const task = await openTask(market.chain, buyer, provider, name, terms);
  await deliverChunk(buyer, provider, task, 10n);
  await giveReceipt(buyer, provider, task);
  return task;
}

function watchOf({ ledger, chain, payments, wallet }: ProviderParty): ClaimWatch {
  return createClaimWatch({ ledger, chain, payments, walletAddress: wallet.address });
}

async function withdraw({ channel }: OpenedTask): Promise<void> {
  const { balance } = await buyer.chain.readChannel((await channelOf(channel.receiver)).channelId);
  await market.callSettlement(channel.payer, `initiateWithdraw(${channelConfigTuple}, uint128 amount)`, [
    channel,
    balance,
  ]);
}

function channelOf(receiver: `0x${string}`) {
  const channel = buyer.ledger.listChannels('requester', receiver).at(-1);
  if (channel === undefined) throw new Error('no channel');
  return Promise.resolve(channel);
}

test('a payer that withdraws while the provider is off for 90 % of the delay pays in full', async () => {
  const before = await market.addProvider('sleeper');
  const task = await sell(before, 'before the night');
  before.ledger.close();
  await withdraw(task);
  await market.chain.request('evm_increaseTime', [0.9 * daySeconds]);
  await market.chain.request('evm_mine', []);

  const after = market.restartProvider('sleeper');
  const watch = watchOf(after);
  expect(await watch.look()).toMatchObject({ claimed: 1_000_000n, settled: 1_000_000n });
  expect(await market.chain.usdcOf(after.wallet.address)).toBe(1_000_000n);
  expect(watch.alarms).toMatchObject([{ code: 'CHANNEL_CLOSING', message: expect.stringContaining('is claimed') }]);

  await market.chain.request('evm_increaseTime', [0.1 * daySeconds + 1]);
  await market.callSettlement(task.channel.payer, `finalizeWithdraw(${channelConfigTuple})`, [task.channel]);
  expect(await watch.look()).toMatchObject({ claimed: 0n });
  expect(watch.alarms).toEqual([]);
  expect(after.payments.totals()).toEqual({ earned: 1_000_000n, claimed: 1_000_000n, settled: 1_000_000n });
  after.ledger.verify();
});

test('the first look after WithdrawInitiated claims, and no further chunk is computed on that channel', async () => {
  const provider = await market.addProvider('awake');
  const task = await openTask(market.chain, buyer, provider, 'cut off', dear);
  for (const units of [2n, 2n, 2n]) await deliverChunk(buyer, provider, task, units);
  const watch = watchOf(provider);
  // Forty cents are acknowledged: less than twenty times the gas, so nothing is claimed yet.
  expect(await watch.look()).toMatchObject({ claimed: 0n });
  await withdraw(task);
  await market.chain.fund(provider.wallet.address, { eth: 10n ** 18n });
  const covered = await buyer.payments.signVoucher(task.hash, 20n);
  if (!covered.ok) throw new Error(covered.message);
  provider.payments.acceptVoucher(task.hash, covered.voucher, 3);
  const isWorth = (await provider.chain.gasPrice()) * 115_000n * 5_000_000_000n < 600_000n * 10n ** 18n;
  expect(await watch.look()).toMatchObject({ claimed: isWorth ? 600_000n : 0n });
  expect(provider.payments.reserveChunk(task.hash, 2n)).toMatchObject({ code: 'CHANNEL_CLOSING' });
});

test('a claim that costs more than it brings is never made by itself, closing or not; the owner may', async () => {
  const provider = await market.addProvider('patient');
  const task = await sell(provider, 'next to nothing', { pricePerMillionUnits: 1_000_000n });
  const watch = watchOf(provider);
  expect(await watch.look()).toMatchObject({ claimed: 0n, transactionHashes: [] });
  await withdraw(task);
  expect(await watch.look()).toMatchObject({ claimed: 0n, transactionHashes: [] });
  expect(watch.alarms).toMatchObject([
    { code: 'CHANNEL_CLOSING', message: expect.stringContaining('not claimed yet') },
  ]);
  expect(await provider.payments.claimAndSettle()).toMatchObject({ claimed: 10n });
});

test('an endpoint that is gone is an alarm until it is back, and then what was earned is claimed', async () => {
  const proxy = await startRpcProxy(market.chain.settings.rpcUrl);
  const wallet = walletOf('cut off');
  const chain = createChainClient({ settings: { ...market.chain.settings, rpcUrl: proxy.url }, wallet });
  const provider = await market.addProvider('cut off', { chain });
  const task = await sell(provider, 'before the cut', { pricePerMillionUnits: 1_000_000_000_000n });
  const watch = watchOf(provider);
  proxy.isDown = true;
  expect(await watch.look()).toBeNull();
  const [alarm] = watch.alarms;
  expect(watch.alarms).toMatchObject([{ code: 'CHAIN_UNREACHABLE', fix: expect.stringContaining('--rpc-url') }]);
  await watch.look();
  expect(watch.alarms[0]?.sinceMs).toBe(alarm?.sinceMs);
  proxy.isDown = false;
  expect(await watch.look()).toMatchObject({ claimed: 10_000_000n });
  expect(watch.alarms).toEqual([]);
  expect(provider.ledger.findTask('provider', task.hash)?.state).toBe('claimed');
  chain.close();
  await proxy.close();
});

test('earnings that cannot be claimed for want of gas are an alarm before and while they are needed', async () => {
  const provider = market.restartProvider('penniless');
  await sell(provider, 'for nothing yet');
  const watch = watchOf(provider);
  await watch.look();
  const expected = { code: 'GAS_UNAFFORDABLE', fix: expect.stringContaining(provider.wallet.address) };
  expect(watch.alarms).toMatchObject([expected]);
  await sell(provider, 'for much', { pricePerMillionUnits: 2_000_000_000_000n });
  expect(await watch.look()).toBeNull();
  expect(watch.alarms).toMatchObject([expected]);
  await market.chain.fund(provider.wallet.address, { eth: 10n ** 18n });
  expect(await watch.look()).toMatchObject({ claimed: 21_000_000n });
  expect(watch.alarms).toEqual([]);
});

test('a deposit that vanishes with a reorganisation covers nothing more, and nothing is computed on it', async () => {
  const provider = await market.addProvider('reorganised');
  const snapshot = await market.chain.request('evm_snapshot', []);
  const task = await openTask(market.chain, buyer, provider, 'on sand', dear);
  await deliverChunk(buyer, provider, task, 2n);
  await market.chain.request('evm_revert', [snapshot]);
  await watchOf(provider).look();
  expect(provider.ledger.findChannel('provider', task.agreement.channelId)?.balance).toBe(0n);
  const covered = await buyer.payments.signVoucher(task.hash, 4n);
  if (!covered.ok) throw new Error(covered.message);
  expect(provider.payments.acceptVoucher(task.hash, covered.voucher, 1)).toMatchObject({
    code: 'VOUCHER_OVER_DEPOSIT',
  });
  expect(provider.payments.reserveChunk(task.hash, 2n)).toMatchObject({ code: 'DEPOSIT_TOO_SMALL' });
});
