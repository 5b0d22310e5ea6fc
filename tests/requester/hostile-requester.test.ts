/** Buyers that do not keep to the agreement: the provider loses at most one chunk, and says why it stops. */
import { randomBytes } from 'node:crypto';
import { TypedDataEncoder } from 'ethers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TaskStream } from '../../main/network/types.ts';
import { type Agreement, agreementTypes, type Hex, hearthDomain } from '../../protocol/agreement.ts';
import { hashTask } from '../../protocol/hashing/task-hash.ts';
import { type ChatTask, taskUnits } from '../../protocol/tasks.ts';
import type { Quote } from '../../protocol/wire/quote-messages.ts';
import { taskCodec } from '../../protocol/wire/task-codec.ts';
import type { Start, TaskFrame } from '../../protocol/wire/task-messages.ts';
import { channelConfigTypes, settlementAddress, settlementDomain, voucherTypes } from '../../protocol/x402.ts';
import { testChainId, testKey, testSigner, testToken } from '../network/loopback.ts';
import { createMarket, type Market, type Seller, type SellerOptions, shaderSetHash } from './market.ts';
import { toyModelSha256 } from './toy-worker.ts';

let market: Market;
beforeEach(() => {
  market = createMarket();
});
afterEach(() => market.stop());

const task: ChatTask = {
  kind: 'chat',
  modelSha256: toyModelSha256,
  messages: [{ role: 'user', content: 'Hello' }],
  prefixTokens: [],
  maxTokens: 100,
  temperatureMillionths: 0,
  seed: 4,
};
const signer = testSigner('bad buyer');
const key = testKey('bad buyer');

async function meet(options: SellerOptions = {}) {
  const seller = await market.addSeller('seller', options);
  const { node } = await market.addBuyer('bad buyer');
  const { network } = node;
  const answer = await network.requestQuote(seller.node.network.peerId, {
    taskHash: hashTask(task),
    kind: 'chat',
    inputSha256: task.modelSha256,
    units: taskUnits(task),
    taskBytes: taskCodec.encode(task).length,
    largestTilePixels: 0,
    environmentSha256: undefined,
    shaderSetHash,
  });
  if ('ok' in answer) throw new Error(answer.message);
  const stream = await network.openTask(seller.node.network.peerId);
  return { seller, quote: answer, stream, network };
}

function channelTo(quote: Quote) {
  const channel = {
    payer: signer.address,
    payerAuthorizer: `0x${'00'.repeat(20)}` as const,
    receiver: quote.receiver,
    receiverAuthorizer: quote.receiverAuthorizer,
    token: testToken,
    withdrawDelay: 86_400,
    salt: `0x${'11'.repeat(32)}` as const,
  };
  const channelId = TypedDataEncoder.hash(settlementDomain(testChainId), channelConfigTypes, channel) as Hex;
  return { channel, channelId };
}

async function voucher(channelId: Hex, cumulative: bigint, acknowledged: number, by = key): Promise<Start['voucher']> {
  const content = { channelId, maxClaimableAmount: cumulative };
  const signature = await by.signTypedData(settlementDomain(testChainId), voucherTypes, content);
  return { cumulative, signature: signature as Hex, acknowledged, coveredUnits: cumulative };
}

async function startOf(
  quote: Quote,
  change: { agreement?: Partial<Agreement>; by?: typeof key; task?: ChatTask } = {},
): Promise<Start> {
  const { channel, channelId } = channelTo(quote);
  const nowSeconds = BigInt(Math.floor(Date.now() / 1000));
  const agreement: Agreement = {
    agreementId: `0x${randomBytes(32).toString('hex')}`,
    requester: signer.address,
    provider: quote.provider,
    channelId,
    taskHash: quote.taskHash,
    inputHash: `0x${toyModelSha256}`,
    shaderSetHash,
    numericProfile: quote.numericProfile,
    pricePerMillionUnits: quote.pricePerMillionUnits,
    maxUnits: quote.maxUnits,
    chunkUnits: quote.chunkUnits,
    startBy: nowSeconds + 100n,
    finishBy: nowSeconds + 1_000n,
    ...change.agreement,
  };
  const domain = hearthDomain(testChainId, settlementAddress);
  const requesterSignature = await (change.by ?? key).signTypedData(domain, agreementTypes, agreement);
  return {
    agreement,
    requesterSignature: requesterSignature as Hex,
    channel,
    task: taskCodec.encode(change.task ?? task),
    voucher: await voucher(channelId, 16n, 0),
  };
}

async function reply(stream: TaskStream): Promise<TaskFrame | null> {
  for (;;) {
    const frame = await stream.receive({ timeoutMs: 5_000 });
    if (frame?.type !== 'progress') return frame;
  }
}

const lastDetail = (seller: Seller): string => seller.tasks.at(-1)?.detail ?? '';

test.each<[string, Parameters<typeof startOf>[1], string]>([
  ['a price below the quote', { agreement: { pricePerMillionUnits: 999_999n } }, 'PRICE_TOO_LOW'],
  ['a task that was not quoted', { task: { ...task, seed: 5 } }, 'NO_QUOTE'],
  ['a channel that is not the agreed one', { agreement: { channelId: `0x${'77'.repeat(32)}` } }, 'CHANNEL_MISMATCH'],
])('a start with %s is refused by code', async (_, change, code) => {
  const { quote, stream } = await meet();
  await stream.send({ type: 'start', body: await startOf(quote, change) });
  expect(await reply(stream)).toMatchObject({ type: 'refuse', body: { code } });
});

test('a start that somebody else signed bans whoever sent it', async () => {
  const { quote, stream, seller } = await meet();
  await stream.send({ type: 'start', body: await startOf(quote, { by: testKey('somebody') }) });
  await expect(reply(stream)).rejects.toMatchObject({ code: 'STREAM_LOST' });
  expect(seller.node.log.join('\n')).toMatch(/forgery \(agreement signature\), ban/);
});

test('a task that does not begin with a start is refused', async () => {
  const { stream } = await meet();
  await stream.send({ type: 'receiptStored', body: {} });
  expect(await reply(stream)).toMatchObject({ type: 'refuse', body: { code: 'PROTOCOL' } });
});

test('a task beyond those that a node takes at once is refused as busy', async () => {
  const { quote, stream, seller, network } = await meet({ maxOpenTasks: 1 });
  await stream.send({ type: 'start', body: await startOf(quote) });
  expect(await reply(stream)).toMatchObject({ type: 'accept' });
  const second = await network.openTask(seller.node.network.peerId);
  await second.send({ type: 'start', body: await startOf(quote) });
  expect(await reply(second)).toMatchObject({ type: 'refuse', body: { code: 'BUSY', needed: 1n, available: 0n } });
});

test('a provider computes nothing that is not covered', async () => {
  const { quote, stream, seller } = await meet({ chunkMs: 1 });
  const start = await startOf(quote);
  await stream.send({ type: 'start', body: { ...start, voucher: await voucher(start.agreement.channelId, 3n, 0) } });
  expect(await reply(stream)).toMatchObject({ type: 'accept' });
  // The first chunk is one token; the second would be two, and waits until the first is confirmed.
  expect(await reply(stream)).toMatchObject({ type: 'chunk', body: { sequence: 0, units: 1n } });
  await stream.send({ type: 'voucher', body: await voucher(start.agreement.channelId, 16n, 0) });
  await stream.send({ type: 'voucher', body: await voucher(start.agreement.channelId, 16n, 1) });
  expect(await reply(stream)).toMatchObject({ type: 'chunk', body: { sequence: 1, units: 15n } });
  expect(seller.worker.calls['next-tokens']).toBe(2);
});

test('a forged voucher ends the task and bans the buyer', async () => {
  const { quote, stream, seller } = await meet();
  const start = await startOf(quote);
  await stream.send({ type: 'start', body: start });
  expect(await reply(stream)).toMatchObject({ type: 'accept' });
  await reply(stream);
  const forged = await voucher(start.agreement.channelId, 1_000n, 1, testKey('somebody'));
  await stream.send({ type: 'voucher', body: forged });
  await seller.runner.idle();
  expect(lastDetail(seller)).toMatch(/signed by/);
  expect(seller.node.log.join('\n')).toMatch(/forgery .*ban/);
});

test('a buyer that hangs up leaves the GPU free and owes what it acknowledged', async () => {
  const { quote, stream, seller, network } = await meet();
  const start = await startOf(quote);
  await stream.send({ type: 'start', body: start });
  expect(await reply(stream)).toMatchObject({ type: 'accept' });
  expect(await reply(stream)).toMatchObject({ type: 'chunk' });
  await stream.send({ type: 'voucher', body: await voucher(start.agreement.channelId, 32n, 1) });
  expect(await reply(stream)).toMatchObject({ type: 'chunk' });
  await network.stop();
  await seller.runner.idle();
  expect(seller.runner.openTasks).toBe(0);
  expect(seller.payments.claimable()).toBe(1n);
});
