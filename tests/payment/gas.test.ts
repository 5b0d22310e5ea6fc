import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRequesterPayments } from '../../main/payment/index.ts';
import type { ChainClient } from '../../main/payment/index.ts';
import { deliverChunk, giveReceipt, openMarketPlace, openTask } from './market-place.ts';
import type { MarketPlace, ProviderParty, RequesterParty } from './market-place.ts';

let market: MarketPlace;

beforeAll(async () => {
  market = await openMarketPlace();
});

afterAll(() => market.close());

/** Gas of every transaction the client sends from now on. */
function meter(chain: ChainClient): { readonly chain: ChainClient; readonly gas: bigint[] } {
  const gas: bigint[] = [];
  return {
    gas,
    chain: {
      ...chain,
      async claim(rows, settleFor) {
        const sent = await chain.claim(rows, settleFor);
        gas.push(sent.gasUsed);
        return sent;
      },
    },
  };
}

async function sellToAll(provider: ProviderParty, requesters: readonly RequesterParty[], name: string): Promise<void> {
  for (const [index, requester] of requesters.entries()) {
    const task = await openTask(market.chain, requester, provider, `${name} ${index}`);
    await deliverChunk(requester, provider, task, 10n);
    await giveReceipt(requester, provider, task);
  }
}

/** What a buyer is told beforehand that a deposit costs. */
test('the first deposit of a channel takes less than 150,000 gas', async () => {
  const [seller, buyer] = [await market.addProvider('deposit seller'), await market.addRequester('deposit buyer')];
  const gas: bigint[] = [];
  const chain: ChainClient = {
    ...buyer.chain,
    async deposit(config, amount) {
      const sent = await buyer.chain.deposit(config, amount);
      gas.push(sent.gasUsed);
      return sent;
    },
  };
  const payments = createRequesterPayments({ ledger: buyer.ledger, chain, signer: buyer.wallet });
  const { address } = seller.wallet;
  for (const amount of [100n, 200n])
    await payments.openChannel({ receiver: address, receiverAuthorizer: address, amount });
  expect(gas.map((used) => used < 150_000n)).toEqual([true, true]);
});

/** Measured: 107,687; 73,475; 579,166 for 25 channels. What the claim policy reckons with: a change of a few per cent shows. */
test('a claim with its pay-out costs about 75,000 gas, the first ever 108,000, each further channel in it 21,000', async () => {
  const provider = await market.addProvider('seller');
  const requesters: RequesterParty[] = [];
  for (let index = 0; index < 9; index += 1) requesters.push(await market.addRequester(`buyer ${index}`));
  const { chain, gas } = meter(provider.chain);
  provider.ledger.close();
  const metered = market.restartProvider('seller', { chain });
  for (const [count, name] of [
    [1, 'first ever'],
    [1, 'second'],
    [9, 'all'],
    [9, 'all again'],
  ] as const) {
    await sellToAll(metered, requesters.slice(0, count), name);
    await metered.payments.claimAndSettle();
  }
  const [firstEver = 0n, second = 0n, all = 0n, allAgain = 0n] = gas;
  const perChannel = (total: bigint) => Number((total - second) / 8n);
  expect(Number(firstEver)).toBeLessThan(112_000);
  expect(Number(second)).toBeLessThan(77_000);
  expect(perChannel(all)).toBeLessThan(22_500);
  expect(perChannel(allAgain)).toBeLessThan(22_500);
});
