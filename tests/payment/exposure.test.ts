/** However many tasks, streams and channels two nodes share: neither can lose more than one chunk to the other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createProviderPayments, createRequesterPayments } from '../../main/payment/index.ts';
import type { Agreement, Hex, Receipt } from '../../protocol/agreement.ts';
import { promisedBeyond as promisedOn } from '../../main/payment/requester-exposure.ts';
import { chainIdentity, hashAgreement } from '../../protocol/hashing/typed-data.ts';
import { account, bytes32 } from '../ledger/facts.ts';
import { agree, deliverChunk, giveReceipt, hashOf, openMarketPlace, openTask, receiptFor } from './market-place.ts';
import type { MarketPlace, OpenedTask, ProviderParty, RequesterParty } from './market-place.ts';

let market: MarketPlace;
let number = 0;

beforeAll(async () => {
  market = await openMarketPlace();
});

afterAll(() => market.close());

/** Sixteen units at ten each. */
const oneChunk = 160n;
const dayMs = 86_400_000;

async function openPair(terms: { pricePerMillionUnits?: bigint } = {}) {
  number += 1;
  const buyer = await market.addRequester(`buyer ${number}`);
  const seller = await market.addProvider(`seller ${number}`);
  const tasks = async (count: number, change: Partial<Agreement> = {}): Promise<OpenedTask[]> => {
    const opened: OpenedTask[] = [];
    for (let index = 0; index < count; index += 1) {
      number += 1;
      opened.push(await agree(market.chain, buyer, seller, `task ${number}`, { ...terms, ...change }));
    }
    return opened;
  };
  return { buyer, seller, tasks };
}

/** What the provider could take on chain, and has not delivered. */
function promisedBeyond({ ledger }: RequesterParty): bigint {
  return ledger.listChannels('requester').reduce((sum, channel) => sum + promisedOn(channel), 0n);
}

/** What the provider has delivered, and may not claim. */
function deliveredBeyond({ ledger }: ProviderParty): bigint {
  const channels = ledger.listChannels('provider');
  return channels.reduce((sum, { committed, owed }) => sum + committed - owed, 0n);
}

const limit = expect.objectContaining({ ok: false, code: 'EXPOSURE_LIMIT' });
const piece = (sequence: number, units: bigint) => ({ sequence, units, payloadSha256: hashOf(`piece ${sequence}`) });

const cover = ({ payments }: RequesterParty, task: OpenedTask | undefined, wanted: bigint, waitMs = 0) =>
  payments.signVoucher(task?.hash ?? '0x', wanted, { atLeastUnits: wanted - 15n, waitMs });

/** A requester that signs whatever it likes: a voucher over much, for a task it will never confirm. */
async function open(seller: ProviderParty, buyer: RequesterParty, task: OpenedTask) {
  const { signed, hash, channel } = task;
  const opened = await seller.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
  if (!opened.ok) return opened;
  return seller.payments.acceptVoucher(hash, await buyer.wallet.signVoucher(channel, 900n), 0);
}

function take({ payments }: ProviderParty, task: OpenedTask, sequence: number, units: bigint) {
  const reserved = payments.reserveChunk(task.hash, units);
  if (reserved.ok) payments.recordChunk(task.hash, piece(sequence, units));
  return reserved;
}

async function bring(seller: ProviderParty, buyer: RequesterParty, task: OpenedTask, units: bigint) {
  const receipt: Receipt = { ...receiptFor(buyer, task, 'partial'), units, amountDue: units * 10n };
  return seller.payments.acceptReceipt(receipt, await buyer.wallet.signReceipt(receipt));
}

async function sign(buyer: RequesterParty, agreement: Agreement): Promise<{ hash: Hex; requesterSignature: Hex }> {
  const hash = hashAgreement(agreement, chainIdentity(31_337n));
  return { hash, requesterSignature: await buyer.wallet.signAgreement(agreement) };
}

describe('a requester', () => {
  test('covers tasks that run side by side by turns, a share of one chunk each', async () => {
    const { buyer, tasks } = await openPair();
    const [first, second, third] = await tasks(3);
    expect(await cover(buyer, first, 16n)).toMatchObject({ ok: true, coveredUnits: 5n });
    expect(await cover(buyer, second, 16n)).toMatchObject({ ok: true, coveredUnits: 5n });
    expect(await cover(buyer, third, 16n)).toMatchObject({ ok: true, coveredUnits: 5n });
    // All that is left is one unit.
    expect(await buyer.payments.signVoucher(first!.hash, 10n, { waitMs: 0 })).toEqual(limit);
    expect(promisedBeyond(buyer)).toBe(150n);
    buyer.payments.recordChunk(first!.hash, piece(0, 4n));
    expect(await cover(buyer, first, 20n)).toMatchObject({ ok: true, coveredUnits: 9n });
    expect(promisedBeyond(buyer)).toBeLessThanOrEqual(oneChunk);
  });

  test('lets a task wait until one beside it has its chunk, those first that came first', async () => {
    const { buyer, tasks } = await openPair();
    const [first, second, third] = await tasks(3);
    const { payments } = buyer;
    await payments.signVoucher(first!.hash, 16n);
    const order: string[] = [];
    const waiting = [second, third].map(async (task, index) => {
      const outcome = await payments.signVoucher(task!.hash, 8n);
      order.push(`${index} ${outcome.ok}`);
    });
    await expect.poll(() => promisedBeyond(buyer)).toBe(oneChunk);
    payments.recordChunk(first!.hash, piece(0, 8n));
    await waiting[0];
    expect(order).toEqual(['0 true']);
    await payments.issueReceipt(second!.hash, receiptFor(buyer, second!, 'partial'));
    payments.markReceiptDelivered(second!.hash);
    await waiting[1];
    expect(order).toEqual(['0 true', '1 true']);
    expect(promisedBeyond(buyer)).toBeLessThanOrEqual(oneChunk);
  });

  test('stops waiting when its caller does, and when the time is over', async () => {
    const { buyer, tasks } = await openPair();
    const [first, second] = await tasks(2);
    const { payments } = buyer;
    await payments.signVoucher(first!.hash, 16n);
    const controller = new AbortController();
    const aborted = payments.signVoucher(second!.hash, 1n, { signal: controller.signal });
    const behind = payments.signVoucher(second!.hash, 1n, { waitMs: 20 });
    expect(await behind).toEqual(limit);
    controller.abort();
    expect(await aborted).toEqual(limit);
  });

  test.each<[string, (buyer: RequesterParty, task: OpenedTask) => Promise<void>]>([
    [
      'delivers nothing and takes no receipt',
      async (buyer, task) => {
        await buyer.payments.issueReceipt(task.hash, receiptFor(buyer, task, 'partial'));
      },
    ],
    [
      'delivers nothing and says that it has every receipt',
      async (buyer, task) => {
        await buyer.payments.issueReceipt(task.hash, receiptFor(buyer, task, 'partial'));
        buyer.payments.markReceiptDelivered(task.hash);
      },
    ],
    ['keeps every task open', () => Promise.resolve()],
  ])('loses one chunk, and no more, to a provider that %s', async (_how, end) => {
    const { buyer, seller, tasks } = await openPair();
    let highest = 0n;
    for (let round = 0; round < 5; round += 1) {
      const [task] = await tasks(1);
      const signed = await cover(buyer, task, 16n);
      if (signed.ok) highest = signed.voucher.maxClaimableAmount;
      await end(buyer, task!);
      expect(promisedBeyond(buyer)).toBeLessThanOrEqual(oneChunk);
    }
    // It claims all that was ever signed.
    const [{ config, signature } = {}] = buyer.ledger.listChannels('requester');
    const row = { config: config!, maxClaimableAmount: highest, signature: signature!, totalClaimed: highest };
    await seller.chain.claim([row], seller.wallet.address);
    expect(await market.chain.usdcOf(seller.wallet.address)).toBeLessThanOrEqual(oneChunk);
  });

  test('counts what it promised on every channel that the provider claims from', async () => {
    const { buyer, seller, tasks } = await openPair();
    const [first] = await tasks(1);
    await buyer.payments.signVoucher(first!.hash, 16n);
    const elsewhere = { ...seller, receiver: account(0x77) };
    const second = await agree(market.chain, buyer, elsewhere, 'to another address');
    expect(second.agreement.channelId).not.toBe(first!.agreement.channelId);
    expect(await cover(buyer, second, 16n)).toEqual(limit);
    const strange = { ...second.signed, agreement: { ...second.agreement, provider: account(0x78) } };
    const invalid = expect.objectContaining({ code: 'RECORD_INVALID' });
    expect(() => buyer.payments.openTask(strange, bytes32(number), 'chat')).toThrow(invalid);
    // Known again after a restart, from the ledger alone.
    const { ledger, chain, wallet } = buyer;
    const restarted = { ...buyer, payments: createRequesterPayments({ ledger, chain, signer: wallet }) };
    const third = await agree(market.chain, restarted, elsewhere, 'after a restart');
    expect(await cover(restarted, third, 16n)).toEqual(limit);
    expect(await cover(restarted, second, 16n)).toMatchObject({ code: 'UNKNOWN_AGREEMENT' });
  });

  test('covers nothing that costs nothing', async () => {
    const { buyer, tasks } = await openPair({ pricePerMillionUnits: 0n });
    await buyer.payments.openChannel({ receiver: account(1), receiverAuthorizer: account(1), amount: 1n });
    const [task] = await tasks(1);
    expect(await cover(buyer, task, 16n)).toMatchObject({ code: 'NOT_COVERED' });
  });
});

describe('a provider', () => {
  test('computes one chunk for all tasks of a requester until it is confirmed, whatever is covered', async () => {
    const { buyer, seller, tasks } = await openPair();
    const [first, second, third] = await tasks(3);
    for (const task of [first!, second!, third!]) expect(await open(seller, buyer, task)).toEqual({ ok: true });
    expect(take(seller, first!, 0, 6n)).toEqual({ ok: true });
    expect(take(seller, first!, 1, 1n)).toMatchObject({ code: 'NOT_COVERED', needed: 1n, available: 0n });
    expect(seller.payments.reserveChunk(second!.hash, 4n)).toEqual({ ok: true });
    expect(take(seller, third!, 0, 16n)).toMatchObject({ code: 'EXPOSURE_LIMIT', needed: 16n, available: 6n });
    expect(take(seller, third!, 0, 6n)).toEqual({ ok: true });
    seller.payments.recordChunk(second!.hash, piece(0, 4n));
    expect(deliveredBeyond(seller)).toBe(oneChunk);
    expect(take(seller, second!, 1, 1n)).toMatchObject({ code: 'NOT_COVERED' });
    const [fourth] = await tasks(1);
    expect(await open(seller, buyer, fourth!)).toEqual({ ok: true });
    expect(take(seller, fourth!, 0, 1n)).toMatchObject({ code: 'EXPOSURE_LIMIT', available: 0n });
    // Confirmed on one stream, it makes room on another, and says so.
    const release = seller.payments.nextRelease();
    seller.payments.acceptVoucher(first!.hash, await buyer.wallet.signVoucher(first!.channel, 900n), 1);
    await release;
    expect(take(seller, fourth!, 0, 6n)).toEqual({ ok: true });
    expect(deliveredBeyond(seller)).toBe(oneChunk);
  });

  test('takes no further task of a requester that hangs up over an unconfirmed chunk, for a day or until the receipt', async () => {
    const { buyer, seller, tasks } = await openPair();
    const [first, second, third] = await tasks(3);
    await open(seller, buyer, first!);
    take(seller, first!, 0, 16n);
    seller.payments.closeTask(first!.hash, 'gone');
    expect(await open(seller, buyer, second!)).toMatchObject({ code: 'EXPOSURE_LIMIT', needed: oneChunk });
    const tomorrow = createProviderPayments({
      ledger: seller.ledger,
      chain: seller.chain,
      signer: seller.wallet,
      now: () => Date.now() + dayMs + 1_000,
    });
    const late = { ...third!, agreement: { ...third!.agreement, startBy: third!.agreement.startBy + 200_000n } };
    const signed = { ...third!.signed, agreement: { ...late.agreement, finishBy: late.agreement.startBy } };
    const { hash, requesterSignature } = await sign(buyer, signed.agreement);
    const input = { signed: { ...signed, requesterSignature }, agreementHash: hash, channel: third!.channel };
    expect(await tomorrow.openTask({ ...input, kind: 'chat' })).toEqual({ ok: true });
    expect(await bring(seller, buyer, first!, 0n)).toEqual({ ok: true });
    expect(await open(seller, buyer, second!)).toEqual({ ok: true });
  });

  test('bears one chunk a day that a receipt leaves unpaid, and one in sixteen of what was paid', async () => {
    const { buyer, seller, tasks } = await openPair();
    const cheat = async (): Promise<unknown> => {
      const [task] = await tasks(1);
      const opened = await open(seller, buyer, task!);
      if (!opened.ok) return opened.code;
      take(seller, task!, 0, 16n);
      return bring(seller, buyer, task!, 0n);
    };
    expect([await cheat(), await cheat(), await cheat()]).toEqual([{ ok: true }, { ok: true }, 'EXPOSURE_LIMIT']);
    const honest = await openPair();
    for (let paid = 0; paid < 3; paid += 1) {
      const task = await openTask(market.chain, honest.buyer, honest.seller, `paid ${number} ${paid}`);
      for (let chunk = 0; chunk < 6; chunk += 1) await deliverChunk(honest.buyer, honest.seller, task, 16n);
      await giveReceipt(honest.buyer, honest.seller, task);
    }
    const unlucky: unknown[] = [];
    for (let lost = 0; lost < 4; lost += 1) {
      const [task] = await honest.tasks(1);
      const { signed, hash, channel } = task!;
      const input = { signed, agreementHash: hash, channel, kind: 'chat' };
      const opened = await honest.seller.payments.openTask(input);
      unlucky.push(opened.ok);
      if (!opened.ok) continue;
      await deliverChunk(honest.buyer, honest.seller, task!, 16n, false);
      await giveReceipt(honest.buyer, honest.seller, task!, { verdict: 'partial' });
    }
    // 2,880 paid: 180 are forgiven besides the one chunk.
    expect(unlucky).toEqual([true, true, true, false]);
  });
});
