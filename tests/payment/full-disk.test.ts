/** A disk that takes nothing more: what cannot be recorded is refused to the other side, and nothing is computed for it. */
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { agree, deliverChunk, openMarketPlace, openTask, receiptFor } from './market-place.ts';
import type { MarketPlace, RequesterParty } from './market-place.ts';

let market: MarketPlace;
let buyer: RequesterParty;

beforeAll(async () => {
  market = await openMarketPlace();
  buyer = await market.addRequester('buyer');
});

afterAll(() => market.close());

const refusal = { ok: false, code: 'LEDGER_STORAGE', message: expect.stringContaining('disk is full or failing') };

test.skipIf(process.platform !== 'linux').each([
  ['full', '/dev/full'],
  // Writing to one's own unmapped memory is the I/O error that needs no broken disk.
  ['failing', '/proc/self/mem'],
])('on a %s disk vouchers, receipts and new tasks are refused, and what was recorded stays', async (name, device) => {
  symlinkSync(device, join(market.folder, `${name}.db.vouchers`));
  const provider = await market.addProvider(name);
  const task = await openTask(market.chain, buyer, provider, `first on a ${name} disk`);
  await deliverChunk(buyer, provider, task, 10n).catch((error: unknown) => {
    expect(error).toMatchObject({ code: 'LEDGER_STORAGE' });
  });
  // The voucher was committed when the disk was found to fail; from then on nothing is taken.
  expect(provider.ledger.findTask('provider', task.hash)).toMatchObject({ bestVoucher: 100n, chunks: 0 });
  const covered = await buyer.payments.signVoucher(task.hash, 16n);
  if (!covered.ok) throw new Error(covered.message);
  expect(provider.payments.acceptVoucher(task.hash, covered.voucher, 0)).toEqual(refusal);
  const receipt = receiptFor(buyer, task, 'partial');
  const { signature } = await buyer.payments.issueReceipt(task.hash, receipt);
  expect(provider.payments.acceptReceipt(receipt, signature)).toEqual(refusal);
  const { signed, hash, channel } = await agree(market.chain, buyer, provider, `second on a ${name} disk`);
  expect(await provider.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' })).toEqual(refusal);
  expect(provider.ledger.findTask('provider', hash)).toBeUndefined();
  provider.ledger.verify();
});
