import { afterAll, beforeAll, expect, test } from 'vitest';
import { settlementAddress } from '../../protocol/x402.ts';
import { deliverChunk, giveReceipt, openMarketPlace, openTask } from './market-place.ts';
import type { MarketPlace } from './market-place.ts';

let market: MarketPlace;

beforeAll(async () => {
  market = await openMarketPlace();
});

afterAll(() => market.close());

test('tasks side by side on one channel, one of them killed and its receipt late: chain, ledgers and receipts agree', async () => {
  const provider = await market.addProvider('busy provider');
  const requester = await market.addRequester('busy requester');
  const odd = { pricePerMillionUnits: 10_333_333n };

  const first = await openTask(market.chain, requester, provider, 'first', odd);
  const second = await openTask(market.chain, requester, provider, 'second', { pricePerMillionUnits: 777n });
  const killed = await openTask(market.chain, requester, provider, 'killed', odd);
  expect(second.agreement.channelId).toBe(first.agreement.channelId);

  await Promise.all([
    (async () => {
      for (let chunk = 0; chunk < 13; chunk += 1) await deliverChunk(requester, provider, first, 4n);
    })(),
    (async () => {
      for (let chunk = 0; chunk < 3; chunk += 1) await deliverChunk(requester, provider, second, 16n);
    })(),
    (async () => {
      for (let chunk = 0; chunk < 2; chunk += 1) await deliverChunk(requester, provider, killed, 7n);
      await deliverChunk(requester, provider, killed, 7n, false);
    })(),
  ]);
  const receipts = [await giveReceipt(requester, provider, first), await giveReceipt(requester, provider, second)];
  provider.payments.closeTask(killed.hash, 'the requester went away');

  // Without its receipt the killed task earns what was acknowledged; then the requester comes back.
  const early = await provider.payments.claimAndSettle();
  expect(early).toMatchObject({ channels: 1, transactionHashes: [expect.stringMatching(/^0x/)] });
  receipts.push(await giveReceipt(requester, provider, killed, { verdict: 'partial', arrives: false }));
  for (const { receipt, signature } of requester.payments.undeliveredReceipts(provider.wallet.address)) {
    expect(provider.payments.acceptReceipt(receipt, signature)).toEqual({ ok: true });
    requester.payments.markReceiptDelivered(receipt.agreementHash);
  }
  const late = await provider.payments.claimAndSettle();
  const nothing = await provider.payments.claimAndSettle();

  const sum = receipts.reduce((total, receipt) => total + receipt.amountDue, 0n);
  const { deposited, spent } = requester.payments.totals();
  expect(sum).toBe(538n + 1n + 145n);
  expect({
    provider: provider.payments.totals(),
    reported: early.claimed + late.claimed,
    paid: await market.chain.usdcOf(provider.wallet.address),
    spent,
    kept: await market.chain.usdcOf(settlementAddress),
    purse: await market.chain.usdcOf(requester.wallet.address),
    nothing,
  }).toEqual({
    provider: { earned: sum, claimed: sum, settled: sum },
    reported: sum,
    paid: sum,
    spent: sum,
    kept: deposited - sum,
    purse: 100_000_000n - deposited,
    nothing: { claimed: 0n, settled: 0n, channels: 0, transactionHashes: [] },
  });
  provider.ledger.verify();
  requester.ledger.verify();
});
