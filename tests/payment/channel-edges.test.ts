/** Which of the known channels a requester uses, and which it passes over. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createProviderPayments, createRequesterPayments } from '../../main/payment/index.ts';
import type { ChainClient } from '../../main/payment/index.ts';
import { requireChannel } from '../../main/payment/require-record.ts';
import { channelIdOf } from '../../main/payment/typed-data.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { account, bytes32 } from '../ledger/facts.ts';
import { agree, channelConfigTuple, hashOf, openMarketPlace, signAgreement } from './market-place.ts';
import type { MarketPlace, ProviderParty } from './market-place.ts';

let market: MarketPlace;
let provider: ProviderParty;

beforeAll(async () => {
  market = await openMarketPlace();
  provider = await market.addProvider('provider');
});

afterAll(() => market.close());

const openFor = (amount: bigint) => {
  const { address } = provider.wallet;
  return { receiver: address, receiverAuthorizer: address, amount };
};

test.each<[string, Partial<ChannelConfig>, bigint]>([
  ['on another chain', {}, 1n],
  ['of another token', { token: account(1) }, 31_337n],
  ['that another key claims from', { receiverAuthorizer: account(1) }, 31_337n],
  ['that somebody else paid', { payer: account(1) }, 31_337n],
  ['that closes too fast', { withdrawDelay: 86_399 }, 31_337n],
])('a channel %s is not used for a new task', async (name, change, chainId) => {
  const { wallet, ledger, payments } = await market.addRequester(name);
  const { address } = provider.wallet;
  const usual: ChannelConfig = {
    payer: wallet.address,
    payerAuthorizer: wallet.address,
    receiver: address,
    receiverAuthorizer: address,
    token: market.chain.settings.token,
    withdrawDelay: 86_400,
    salt: bytes32(0),
  };
  const config = { ...usual, ...change };
  const channelId = channelIdOf(config, chainId);
  ledger.append({ kind: 'channel', role: 'requester', channelId, chainId, config, baseClaimed: 0n });
  const opened = await payments.openChannel(openFor(10n));
  expect(opened).toMatchObject({ ok: true, channelId: channelIdOf(usual, 31_337n) });
});

test('a channel that is being emptied is left, and the next salt is taken', async () => {
  const buyer = await market.addRequester('leaves');
  const first = await agree(market.chain, buyer, provider, 'before leaving');
  const method = `initiateWithdraw(${channelConfigTuple}, uint128 amount)`;
  await market.callSettlement(buyer.wallet.address, method, [first.channel, 1n]);
  const second = await agree(market.chain, buyer, provider, 'after leaving');
  expect(second.channel).toMatchObject({ salt: bytes32(1) });
});

test('what was asked for and not used within two minutes is not deposited for again', async () => {
  const party = await market.addRequester('forgets');
  let nowMs = Date.now();
  const { ledger, chain, wallet } = party;
  const payments = createRequesterPayments({ ledger, chain, signer: wallet, now: () => nowMs });
  await payments.openChannel(openFor(100n));
  nowMs += 119_999;
  await payments.openChannel(openFor(50n));
  expect(payments.totals().deposited).toBe(150n);
  nowMs += 1;
  await payments.openChannel(openFor(100n));
  expect(payments.totals().deposited).toBe(150n);
});

test('a task of another price than was asked for takes the oldest promise; one that was not announced takes none', async () => {
  const buyer = await market.addRequester('changes its mind');
  const first = await agree(market.chain, buyer, provider, 'announced');
  await buyer.payments.openChannel(openFor(500n));
  for (const [index, maxUnits] of [30n, 20n].entries()) {
    const agreement = { ...first.agreement, agreementId: hashOf(`another ${index}`), maxUnits };
    const { signed, hash } = await signAgreement(31_337n, agreement, buyer.wallet, provider.wallet);
    buyer.payments.openTask(signed, hash, 'chat');
  }
  // 1,000 for the first task, 300 and 200 for the two; the promise of 500 is used up.
  await buyer.payments.openChannel(openFor(0n));
  expect(buyer.payments.totals().deposited).toBe(1_500n);
});

test('a fault of the program on the way to the chain is no refusal', async () => {
  const bug = new TypeError('a bug');
  const broken = (chain: ChainClient): ChainClient => ({ ...chain, readChannel: () => Promise.reject(bug) });
  const buyer = await market.addRequester('meets a bug');
  const task = await agree(market.chain, buyer, provider, 'a bug');
  const { ledger, chain, wallet } = buyer;
  const payments = createRequesterPayments({ ledger, chain: broken(chain), signer: wallet });
  await expect(payments.openChannel(openFor(1n))).rejects.toThrow(bug);
  const seller = createProviderPayments({ ...provider, chain: broken(provider.chain), signer: provider.wallet });
  const input = { signed: task.signed, agreementHash: task.hash, channel: task.channel, kind: 'chat' };
  await expect(seller.openTask(input)).rejects.toThrow(bug);
  const missing = expect.objectContaining({ code: 'RECORD_INVALID' });
  expect(() => requireChannel(ledger, 'requester', bytes32(99))).toThrow(missing);
});
