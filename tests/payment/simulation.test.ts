/** Real payments on both sides over a wire that loses and delays, from a seed: nothing appears and nothing vanishes. */
import { expect, test } from 'vitest';
import { settlementAddress } from '../../protocol/x402.ts';
import { agree, hashOf, openMarketPlace, receiptFor } from './market-place.ts';
import type { MarketPlace, OpenedTask, ProviderParty, RequesterParty } from './market-place.ts';

/** Mulberry32: small, seeded, good enough for choices. */
function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

interface Deal {
  readonly task: OpenedTask;
  readonly requester: RequesterParty;
  readonly provider: ProviderParty;
  chunksLeft: number;
}

/** One turn of a deal; each message may be lost, and then the deal ends there. Answers whether it goes on. */
async function takeTurn({ task, requester, provider }: Deal, random: (below: number) => number): Promise<boolean> {
  const units = BigInt(1 + random(16));
  const record = requester.ledger.findTask('requester', task.hash);
  if (record === undefined) throw new Error('unknown task');
  const covered = await requester.payments.signVoucher(task.hash, record.unitsDone + units, { waitMs: 0 });
  // A receipt that was lost, or a chunk of another deal, stands against the one chunk that may be at risk.
  if (!covered.ok && covered.code === 'EXPOSURE_LIMIT') return redeliver(requester, provider);
  if (!covered.ok) throw new Error(`${covered.code}: ${covered.message}`);
  if (random(15) === 0) return false;
  const accepted = provider.payments.acceptVoucher(task.hash, covered.voucher, record.chunks);
  const reserved = provider.payments.reserveChunk(task.hash, units);
  if (!reserved.ok && reserved.code === 'EXPOSURE_LIMIT') return redeliver(requester, provider);
  if (!accepted.ok || !reserved.ok) throw new Error('an honest requester was refused');
  const computed = BigInt(1 + random(Number(units)));
  const chunk = { sequence: record.chunks, units: computed, payloadSha256: hashOf('chunk') };
  provider.payments.recordChunk(task.hash, chunk);
  if (random(15) === 0) return false;
  requester.payments.recordChunk(task.hash, chunk);
  return true;
}

/** The requester's receipt; one in three is lost for now. */
async function finish({ task, requester, provider }: Deal, random: (below: number) => number): Promise<void> {
  const receipt = receiptFor(requester, task, 'accepted');
  const { signature } = await requester.payments.issueReceipt(task.hash, receipt);
  if (random(3) === 0) return provider.payments.closeTask(task.hash, 'the receipt was lost');
  if (!provider.payments.acceptReceipt(receipt, signature).ok) throw new Error('an honest receipt was refused');
  // The confirmation may be lost as well; then the same receipt comes again later.
  if (random(3) > 0) requester.payments.markReceiptDelivered(task.hash);
}

function redeliver(requester: RequesterParty, provider: ProviderParty): true {
  for (const { receipt, signature } of requester.payments.undeliveredReceipts(provider.wallet.address)) {
    expect(provider.payments.acceptReceipt(receipt, signature)).toEqual({ ok: true });
    requester.payments.markReceiptDelivered(receipt.agreementHash);
  }
  return true;
}

/** False where the provider will not, because too much was left unpaid. */
async function isOpened({ task, requester, provider }: Deal): Promise<boolean> {
  const { signed, hash, channel } = task;
  const opened = await provider.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
  if (opened.ok) return true;
  if (opened.code !== 'EXPOSURE_LIMIT') throw new Error(`${opened.code}: ${opened.message}`);
  await requester.payments.issueReceipt(hash, receiptFor(requester, task, 'partial'));
  requester.payments.markReceiptDelivered(hash);
  return false;
}

async function simulate(market: MarketPlace, seed: number): Promise<void> {
  const random = createRandom(seed);
  const providers = [await market.addProvider(`seller ${seed}`), await market.addProvider(`vendor ${seed}`)];
  const requesters = [await market.addRequester(`buyer ${seed}`), await market.addRequester(`client ${seed}`)];
  const heldBefore = await market.chain.usdcOf(settlementAddress);
  const open: Deal[] = [];
  let started = 0;
  while (started < 20 || open.length > 0) {
    if (started < 20 && (open.length === 0 || random(4) === 0)) {
      started += 1;
      const provider = providers[random(2)];
      const requester = requesters[random(2)];
      if (provider === undefined || requester === undefined) throw new Error('nobody there');
      // As at every contact: receipts that did not arrive come before a new task.
      redeliver(requester, provider);
      const pricePerMillionUnits = BigInt(1 + random(3_000_000));
      const task = await agree(market.chain, requester, provider, `${seed} ${started}`, { pricePerMillionUnits });
      const deal = { task, requester, provider, chunksLeft: 1 + random(5) };
      if (await isOpened(deal)) open.push(deal);
      continue;
    }
    const index = random(open.length);
    const deal = open[index];
    if (deal === undefined) throw new Error('no deal');
    deal.chunksLeft -= 1;
    const goesOn = await takeTurn(deal, random);
    if (goesOn && deal.chunksLeft > 0) continue;
    await finish(deal, random);
    open.splice(index, 1);
    if (random(6) === 0) await deal.provider.payments.claimAndSettle();
  }
  for (const provider of providers) {
    for (const requester of requesters) redeliver(requester, provider);
    await provider.payments.claimAndSettle();
  }

  const spent = requesters.reduce((sum, { payments }) => sum + payments.totals().spent, 0n);
  const deposited = requesters.reduce((sum, { payments }) => sum + payments.totals().deposited, 0n);
  const paid = await Promise.all(providers.map(({ wallet }) => market.chain.usdcOf(wallet.address)));
  expect(paid[0]).toBeGreaterThan(0n);
  for (const [index, provider] of providers.entries()) {
    const amount = paid[index];
    expect(provider.payments.totals(), `seed ${seed}`).toEqual({ earned: amount, claimed: amount, settled: amount });
    provider.ledger.verify();
  }
  const sum = paid.reduce((total, amount) => total + amount, 0n);
  expect({ sum, held: (await market.chain.usdcOf(settlementAddress)) - heldBefore }, `seed ${seed}`).toEqual({
    sum: spent,
    held: deposited - spent,
  });
  for (const requester of requesters) requester.ledger.verify();
}

test('whatever is lost on the way, chain, ledgers and receipts agree to the last unit', async () => {
  const market = await openMarketPlace();
  try {
    for (const seed of [1, 2, 3]) await simulate(market, seed);
  } finally {
    await market.close();
  }
}, 180_000);
