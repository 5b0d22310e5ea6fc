/** The rare ways: what an owner or a bug could ask of the books, and what the watch says when things go wrong oddly. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openLedger } from '../../main/ledger/index.ts';
import { verifyChain } from '../../main/ledger/hash-chain.ts';
import { PaymentError, confirmationsOf, createClaimWatch } from '../../main/payment/index.ts';
import { asHex, voucherSignerOf, zeroAddress } from '../../main/payment/typed-data.ts';
import type { ChainClient } from '../../main/payment/index.ts';
import type { TaskResult } from '../../protocol/agreement.ts';
import { fillProvider, openChannel, openTask as openFakeTask, voucher } from '../ledger/facts.ts';
import { agree, deliverChunk, giveReceipt, hashOf, openMarketPlace, openTask, receiptFor } from './market-place.ts';
import type { MarketPlace, OpenedTask, ProviderParty, RequesterParty } from './market-place.ts';

let market: MarketPlace;
let buyer: RequesterParty;
let provider: ProviderParty;

beforeAll(async () => {
  market = await openMarketPlace();
  buyer = await market.addRequester('buyer', 1_000_000_000n);
  provider = await market.addProvider('provider');
});

afterAll(() => market.close());

const invalid = expect.objectContaining({ code: 'RECORD_INVALID' });

function resultOf(task: OpenedTask, units: bigint, outcome: TaskResult['outcome'] = 'complete'): TaskResult {
  return {
    agreementHash: task.hash,
    resultHash: hashOf('result'),
    units,
    amountDue: units * 10n,
    outcome,
    adapterClass: 'test',
    finishedAt: 1n,
  };
}

test('a result is recorded when it says what was delivered, and ends the task', async () => {
  const task = await openTask(market.chain, buyer, provider, 'with a result');
  await deliverChunk(buyer, provider, task, 10n);
  for (const wrong of [resultOf(task, 9n), { ...resultOf(task, 10n), amountDue: 99n }]) {
    expect(() => provider.payments.recordResult(task.hash, wrong, '0x01')).toThrow(invalid);
  }
  provider.payments.recordResult(task.hash, resultOf(task, 10n), '0x01');
  expect(provider.payments.reserveChunk(task.hash, 1n)).toMatchObject({ code: 'UNKNOWN_AGREEMENT' });
  provider.payments.closeTask(task.hash, 'no receipt');
  provider.payments.closeTask(task.hash, 'no receipt');
  expect(provider.ledger.findTask('provider', task.hash)).toMatchObject({ state: 'cancelled', detail: 'no receipt' });
  expect(provider.payments.totals().earned).toBe(0n);
  await giveReceipt(buyer, provider, task);
});

test('what was never agreed is neither reserved, recorded, closed nor receipted', async () => {
  const nothing = hashOf('nothing');
  const chunk = { sequence: 0, units: 1n, payloadSha256: nothing };
  expect(provider.payments.reserveChunk(nothing, 1n)).toMatchObject({ code: 'UNKNOWN_AGREEMENT' });
  expect(() => provider.payments.recordChunk(nothing, chunk)).toThrow(invalid);
  expect(() => provider.payments.closeTask(nothing, '')).toThrow(invalid);
  const task = await agree(market.chain, buyer, provider, 'not a task kind');
  const input = { signed: task.signed, agreementHash: task.hash, channel: task.channel, kind: 'mining' };
  await expect(provider.payments.openTask(input)).rejects.toThrow(invalid);
  expect(() => provider.payments.recordChunk(task.hash, chunk)).toThrow(invalid);
  const { payments } = buyer;
  expect(() => payments.openTask(task.signed, nothing, 'mining')).toThrow(invalid);
  expect(await payments.signVoucher(nothing, 1n)).toMatchObject({ code: 'UNKNOWN_AGREEMENT' });
  expect(() => payments.recordChunk(nothing, chunk)).toThrow(invalid);
  expect(() => payments.markReceiptDelivered(task.hash)).toThrow(invalid);
});

test('a failure of the program, unlike one of the disk, is not taken for a refusal', async () => {
  const ledger = { ...provider.ledger, append: () => expect.fail('a bug') };
  const { createProviderPayments } = await import('../../main/payment/index.ts');
  const payments = createProviderPayments({ ledger, chain: provider.chain, signer: provider.wallet });
  const task = await agree(market.chain, buyer, provider, 'met a bug');
  const input = { signed: task.signed, agreementHash: task.hash, channel: task.channel, kind: 'chat' };
  await expect(payments.openTask(input)).rejects.toThrow('a bug');
});

test('a payer that empties its channel in between leaves a claim of what is left, and no more', async () => {
  const task = await openTask(market.chain, buyer, provider, 'with a receipt');
  await deliverChunk(buyer, provider, task, 10n);
  await giveReceipt(buyer, provider, task);
  const { chain } = provider;
  const poorer: ChainClient = {
    ...chain,
    readChannel: async (id) => ({ ...(await chain.readChannel(id)), balance: 40n }),
  };
  provider.ledger.close();
  provider = market.restartProvider('provider', { chain: poorer });
  expect(await provider.payments.claimAndSettle()).toMatchObject({ claimed: 40n, settled: 40n });
  expect(await provider.payments.claimAndSettle()).toMatchObject({ claimed: 0n, transactionHashes: [] });
});

test('a receipt comes late to a task that is closed, but not with a signature’s twin', async () => {
  const seller = await market.addProvider('late');
  const task = await openTask(market.chain, buyer, seller, 'receipted late');
  await deliverChunk(buyer, seller, task, 10n);
  seller.payments.closeTask(task.hash, 'gone');
  const receipt = receiptFor(buyer, task, 'accepted');
  const { signature } = await buyer.payments.issueReceipt(task.hash, receipt);
  const half = `0x${signature.slice(2, 66)}` as const;
  expect(seller.payments.acceptReceipt(receipt, half)).toMatchObject({ code: 'RECEIPT_SIGNATURE' });
  expect(seller.payments.acceptReceipt(receipt, signature)).toEqual({ ok: true });
  buyer.payments.markReceiptDelivered(task.hash);
  buyer.payments.markReceiptDelivered(task.hash);
});

async function sellBeside(seller: ProviderParty): Promise<void> {
  const other = await market.addRequester('beside');
  const task = await openTask(market.chain, other, seller, 'beside', { pricePerMillionUnits: 10n ** 12n });
  await deliverChunk(other, seller, task, 10n);
}

function failing(thrown: unknown): { claimAndSettle: () => Promise<never> } {
  return {
    claimAndSettle: async () => {
      throw thrown;
    },
  };
}

test('the watch tells a failed claim, a missing endpoint and the last known closing apart', async () => {
  const seller = await market.addProvider('watched');
  const task = await openTask(market.chain, buyer, seller, 'watched', { pricePerMillionUnits: 10n ** 12n });
  await deliverChunk(buyer, seller, task, 10n);
  await giveReceipt(buyer, seller, task);
  const { ledger, chain, wallet, payments } = seller;
  const look = async (parts: Partial<Parameters<typeof createClaimWatch>[0]>) => {
    const watch = createClaimWatch({ ledger, chain, payments, walletAddress: wallet.address, ...parts });
    await watch.look();
    await watch.look();
    return watch.alarms.map(({ code }) => code);
  };
  expect(await look({ payments: failing(new Error('odd')) })).toEqual(['CLAIM_FAILED']);
  expect(await look({ payments: failing('odder') })).toEqual(['CLAIM_FAILED']);
  ledger.append({
    kind: 'withdrawal',
    role: 'provider',
    channelId: task.agreement.channelId,
    initiatedAt: 1_800_000_000,
  });
  const closing = { ...(await chain.readChannel(task.agreement.channelId)), withdrawInitiatedAt: 1_800_000_000 };
  const readChannel = (): Promise<typeof closing> => Promise.resolve(closing);
  const stuck = { chain: { ...chain, readChannel }, payments: failing(new Error('odd')) };
  expect(await look(stuck)).toEqual(['CHANNEL_CLOSING', 'CLAIM_FAILED']);
  const relayed = { ...chain, readChannel, endpointsDown: 1, settings: { ...chain.settings, relayUrl: 'http://x' } };
  const settle = {
    claimAndSettle: () => Promise.resolve({ claimed: 0n, settled: 0n, channels: 0, transactionHashes: [] }),
  };
  expect(await look({ chain: relayed, payments: settle })).toEqual(['CHANNEL_CLOSING', 'ENDPOINT_DOWN']);
  // Another channel beside it, and both endpoints of one mind about neither.
  await sellBeside(seller);
  const disputed = { ...relayed, endpointsDown: 0, readChannel: async () => ({ ...closing, isDisputed: true }) };
  const watch = createClaimWatch({ ledger, chain: disputed, payments: settle, walletAddress: wallet.address });
  await watch.look();
  await watch.look();
  const [, , alarm] = watch.alarms;
  expect(alarm).toMatchObject({ code: 'ENDPOINTS_DISAGREE', message: expect.stringContaining('about 2 channels;') });
  const elsewhere = { ...chain, settings: { ...chain.settings, chainId: 1n } };
  expect(await look({ chain: elsewhere })).toEqual([]);
});

test('the chain of hashes is checked from any point on, also from one that is missing', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-edges-'));
  const path = join(folder, 'ledger.db');
  const ledger = openLedger({ path });
  expect(ledger.readEvents()).toEqual([]);
  fillProvider(ledger);
  ledger.close();
  const database = new DatabaseSync(path);
  expect(verifyChain(database, 3).sequence).toBe(8);
  database.exec('DROP TRIGGER events_are_never_removed; DELETE FROM events WHERE sequence = 5');
  expect(() => verifyChain(database, 3)).toThrow('event 5 of the ledger');
  database.close();
  rmSync(folder, { recursive: true });
});

test('a signature that fits no slot of the second file stops the ledger rather than being left out', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-slot-'));
  const ledger = openLedger({ path: join(folder, 'ledger.db') });
  ledger.append(...openChannel('provider'), openFakeTask('provider', 2));
  const long = voucher('provider', 2, 5n);
  if (long.kind !== 'voucher') throw new Error('no voucher');
  ledger.append({ ...long, voucher: { ...long.voucher, signature: `0x${'ab'.repeat(1_000)}` } });
  const failure = expect.objectContaining({
    code: 'LEDGER_INCONSISTENT',
    message: expect.stringContaining('a slot holds'),
  });
  expect(() => ledger.append(voucher('provider', 2, 6n))).toThrow(failure);
  ledger.close();
  ledger.close();
  rmSync(folder, { recursive: true });
});

test('a claim that the chain would revert is said, and books that know less than the chain are not made to guess', async () => {
  const seller = await market.addProvider('reverted');
  const task = await openTask(market.chain, buyer, seller, 'reverted');
  await deliverChunk(buyer, seller, task, 10n);
  await giveReceipt(buyer, seller, task);
  const revert = new PaymentError('TRANSACTION_REVERTED', 'ClaimExceedsBalance');
  const reverting: ChainClient = { ...seller.chain, claim: failing(revert).claimAndSettle };
  const { createClaimer } = await import('../../main/payment/claimer.ts');
  await expect(createClaimer({ ledger: seller.ledger, chain: reverting }).claimAndSettle()).rejects.toThrow(revert);
  const appended: string[] = [];
  const ledger = {
    ...seller.ledger,
    findChannel: () => undefined,
    settledTotal: () => undefined,
    append: (...events: readonly { kind: string }[]) => void appended.push(...events.map(({ kind }) => kind)),
  };
  await createClaimer({ ledger, chain: seller.chain }).claimAndSettle();
  expect(appended).toEqual(['settle']);
});

test('a requester signs nothing beyond its deposit', async () => {
  const chain = buyer.chain;
  const task = await agree(market.chain, buyer, provider, 'beyond');
  const record = buyer.ledger.findChannel('requester', task.agreement.channelId);
  buyer.ledger.append({
    kind: 'deposit',
    role: 'requester',
    channelId: task.agreement.channelId,
    balance: 1n,
    transactionHash: null,
  });
  expect(await buyer.payments.signVoucher(task.hash, 10n)).toMatchObject({
    code: 'VOUCHER_OVER_DEPOSIT',
    available: 1n,
  });
  expect((await chain.readChannel(task.agreement.channelId)).balance).toBe(record?.balance);
  expect(confirmationsOf({ ...chain.settings, chainId: 8_453n })).toBe(3);
  const { channel } = task;
  expect(voucherSignerOf({ ...channel, payerAuthorizer: zeroAddress })).toBe(channel.payer);
  expect(() => asHex('12')).toThrow('not 0x-prefixed');
});
