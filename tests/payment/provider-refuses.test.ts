import { toBeHex } from 'ethers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createChainClient } from '../../main/payment/index.ts';
import { channelIdOf } from '../../main/payment/typed-data.ts';
import type { Agreement, Hex, Receipt } from '../../protocol/agreement.ts';
import { settlementDomain, voucherTypes } from '../../protocol/x402.ts';
import type { ChannelConfig, SignedVoucher } from '../../protocol/x402.ts';
import {
  agree,
  channelConfigTuple,
  deliverChunk,
  forge,
  giveReceipt,
  hashOf,
  openMarketPlace,
  openTask,
  receiptFor,
  signAgreement,
  walletOf,
} from './market-place.ts';
import type { MarketPlace, OpenedTask, ProviderParty, RequesterParty } from './market-place.ts';

const groupOrder = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;

let market: MarketPlace;
let provider: ProviderParty;
let requester: RequesterParty;
let number = 0;

beforeAll(async () => {
  market = await openMarketPlace();
  provider = await market.addProvider('provider');
  requester = await market.addRequester('requester');
});

afterAll(() => market.close());

function nextName(): string {
  number += 1;
  return `task ${number}`;
}

/** The other signature that the same curve point gives. */
function twinOf(voucher: SignedVoucher): SignedVoucher {
  const [r, s, v] = [voucher.signature.slice(0, 66), voucher.signature.slice(66, 130), voucher.signature.slice(130)];
  const twin = toBeHex(groupOrder - BigInt(`0x${s}`), 32).slice(2);
  return { ...voucher, signature: `0x${r.slice(2)}${twin}${v === '1b' ? '1c' : '1b'}` };
}

describe('a task is not opened when', () => {
  interface Changes {
    readonly agreement?: Partial<Agreement>;
    readonly channel?: Partial<ChannelConfig>;
    readonly signer?: string;
    readonly hash?: Hex;
    /** Whether the agreement names the changed channel, so that only the change itself is wrong. */
    readonly renamed?: boolean;
  }
  const stranger = walletOf('stranger').address;

  test.each<[string, string, Changes]>([
    ['it is signed by another wallet', 'AGREEMENT_SIGNATURE', { signer: 'stranger' }],
    ['its hash is another', 'AGREEMENT_SIGNATURE', { hash: hashOf('something else') }],
    ['another provider is meant', 'CHANNEL_MISMATCH', { agreement: { provider: stranger } }],
    ['the channel pays somebody else', 'CHANNEL_MISMATCH', { channel: { receiver: stranger }, renamed: true }],
    ['somebody else claims', 'CHANNEL_MISMATCH', { channel: { receiverAuthorizer: stranger }, renamed: true }],
    ['somebody else pays', 'CHANNEL_MISMATCH', { channel: { payer: stranger }, renamed: true }],
    ['the channel is not the one agreed on', 'CHANNEL_MISMATCH', { channel: { salt: hashOf('salt') } }],
    ['the token is another', 'TOKEN_NOT_ACCEPTED', { channel: { token: stranger }, renamed: true }],
    ['the payer could withdraw too soon', 'DELAY_TOO_SHORT', { channel: { withdrawDelay: 86_399 }, renamed: true }],
    [
      'the contract would refuse the delay',
      'DELAY_TOO_SHORT',
      { channel: { withdrawDelay: 2_592_001 }, renamed: true },
    ],
    ['nothing was deposited', 'CHANNEL_UNKNOWN', { channel: { salt: hashOf('salt') }, renamed: true }],
    ['it may cost more than was deposited', 'DEPOSIT_TOO_SMALL', { agreement: { maxUnits: 1_000_000_000n } }],
  ])('%s', async (_why, code, changes) => {
    const { chainId } = market.chain.settings;
    const good = await agree(market.chain, requester, provider, nextName());
    const channel = { ...good.channel, ...changes.channel };
    const agreement = {
      ...good.agreement,
      ...(changes.renamed === true ? { channelId: channelIdOf(channel, chainId) } : {}),
      ...changes.agreement,
    };
    const signer = changes.signer === undefined ? requester.wallet : walletOf(changes.signer);
    const { signed, hash } = await signAgreement(chainId, agreement, signer, provider.wallet);
    const agreementHash = changes.hash ?? hash;
    const answer = await provider.payments.openTask({ signed, agreementHash, channel, kind: 'chat' });
    expect(answer).toMatchObject({ ok: false, code });
    expect(provider.ledger.findTask('provider', agreementHash)).toBeUndefined();
  });

  test('the channel is one of another chain', async () => {
    const good = await agree(market.chain, requester, provider, nextName());
    const agreement = { ...good.agreement, channelId: channelIdOf(good.channel, 8_453n) };
    const { signed, hash } = await signAgreement(31_337n, agreement, requester.wallet, provider.wallet);
    const input = { signed, agreementHash: hash, channel: good.channel, kind: 'chat' };
    expect(await provider.payments.openTask(input)).toMatchObject({ ok: false, code: 'CHANNEL_MISMATCH' });
  });

  test('it was opened before, also when it comes twice at once', async () => {
    const { signed, hash, channel } = await agree(market.chain, requester, provider, nextName());
    const open = () => provider.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
    const answers = await Promise.all([open(), open()]);
    expect(answers).toMatchObject([{ ok: true }, { ok: false, code: 'AGREEMENT_KNOWN' }]);
  });

  test('the payer is on its way out', async () => {
    const leaving = await market.addRequester('leaving');
    const { signed, hash, channel } = await agree(market.chain, leaving, provider, nextName());
    const from = leaving.wallet.address;
    await market.callSettlement(from, `initiateWithdraw(${channelConfigTuple}, uint128 amount)`, [channel, 1n]);
    const answer = await provider.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
    expect(answer).toMatchObject({ ok: false, code: 'CHANNEL_CLOSING' });
  });

  test('the chain cannot be asked', async () => {
    const settings = { ...market.chain.settings, rpcUrl: 'http://127.0.0.1:9' };
    const chain = createChainClient({ settings, wallet: walletOf('cut off') });
    const cutOff = market.restartProvider('cut off', { chain });
    const { signed, hash, channel } = await agree(market.chain, requester, cutOff, nextName());
    const answer = await cutOff.payments.openTask({ signed, agreementHash: hash, channel, kind: 'chat' });
    expect(answer).toMatchObject({ ok: false, code: 'CHAIN_UNREACHABLE' });
    chain.close();
  });
});

describe('a voucher', () => {
  let task: OpenedTask;
  let payments: ProviderParty['payments'];

  async function sign(maxClaimableAmount: bigint, options: { channelId?: Hex; chainId?: bigint; by?: string } = {}) {
    const channelId = options.channelId ?? task.agreement.channelId;
    const wallet = options.by === undefined ? requester.wallet : walletOf(options.by);
    const content = { channelId, maxClaimableAmount };
    const domain = settlementDomain(options.chainId ?? 31_337n);
    return { ...content, signature: await forge(wallet.address, domain, voucherTypes, content) };
  }

  beforeAll(async () => {
    task = await openTask(market.chain, requester, provider, nextName());
    ({ payments } = provider);
    expect(payments.acceptVoucher(task.hash, await sign(100n), 0)).toEqual({ ok: true });
  });

  test.each<[string, string, () => Promise<SignedVoucher>]>([
    ['that is older', 'VOUCHER_NOT_HIGHER', () => sign(99n)],
    ['over nothing', 'VOUCHER_NOT_HIGHER', () => sign(0n)],
    ['below nothing', 'VOUCHER_NOT_HIGHER', async () => ({ ...(await sign(1n)), maxClaimableAmount: -1n })],
    ['over more than the deposit', 'VOUCHER_OVER_DEPOSIT', () => sign(10n ** 12n)],
    ['for another channel', 'VOUCHER_CHANNEL', () => sign(200n, { channelId: hashOf('another channel') })],
    ['for another chain', 'VOUCHER_CHAIN', () => sign(200n, { chainId: 8_453n })],
    ['by another wallet', 'VOUCHER_SIGNATURE', () => sign(200n, { by: 'stranger' })],
    ['raised after signing', 'VOUCHER_SIGNATURE', async () => ({ ...(await sign(200n)), maxClaimableAmount: 201n })],
    ['with the twin of a signature', 'VOUCHER_MALLEABLE', async () => twinOf(await sign(200n))],
    ['with half a signature', 'VOUCHER_SIGNATURE', async () => ({ ...(await sign(200n)), signature: '0x1234' })],
    [
      'with a zero signature',
      'VOUCHER_SIGNATURE',
      async () => ({ ...(await sign(200n)), signature: `0x${'0'.repeat(128)}1b` }),
    ],
  ])('%s is refused', async (_which, code, make) => {
    expect(payments.acceptVoucher(task.hash, await make(), 0)).toMatchObject({ ok: false, code });
    expect(provider.ledger.findChannel('provider', task.agreement.channelId)?.ceiling).toBe(100n);
  });

  test('for a task nobody opened is refused', async () => {
    const answer = payments.acceptVoucher(hashOf('nothing'), await sign(200n), 0);
    expect(answer).toMatchObject({ ok: false, code: 'UNKNOWN_AGREEMENT' });
  });

  test('sent again changes nothing', async () => {
    const events = provider.ledger.readEvents(0, 100_000).length;
    expect(payments.acceptVoucher(task.hash, await sign(100n), 0)).toEqual({ ok: true });
    expect(provider.ledger.readEvents(0, 100_000)).toHaveLength(events);
  });

  test('that was overtaken by the voucher of another task on the channel is no fault', async () => {
    const other = await openTask(market.chain, requester, provider, nextName());
    expect(payments.acceptVoucher(other.hash, await sign(150n), 0)).toEqual({ ok: true });
    expect(payments.acceptVoucher(task.hash, await sign(120n), 0)).toEqual({ ok: true });
    expect(provider.ledger.findChannel('provider', task.agreement.channelId)?.ceiling).toBe(150n);
  });
});

describe('nothing is computed on credit', () => {
  test('what other tasks of the channel owe and compute counts against the cover', async () => {
    const buyer = await market.addRequester('two at once');
    const [first, second] = [
      await openTask(market.chain, buyer, provider, nextName()),
      await openTask(market.chain, buyer, provider, nextName()),
    ];
    const cover = async (task: OpenedTask, units: bigint, acknowledged = 0) => {
      const answer = await buyer.payments.signVoucher(task.hash, units);
      if (answer.ok) provider.payments.acceptVoucher(task.hash, answer.voucher, acknowledged);
    };
    const reserve = (task: OpenedTask, units: bigint) => provider.payments.reserveChunk(task.hash, units);
    expect(reserve(first, 1n)).toMatchObject({ ok: false, code: 'NOT_COVERED', needed: 10n, available: 0n });
    await cover(first, 10n);
    expect(reserve(first, 10n)).toEqual({ ok: true });
    expect(reserve(second, 1n)).toMatchObject({ ok: false, code: 'NOT_COVERED', needed: 110n, available: 100n });
    provider.payments.recordChunk(first.hash, { sequence: 0, units: 6n, payloadSha256: hashOf('six') });
    expect(reserve(second, 4n)).toEqual({ ok: true });
    expect(reserve(first, 1n)).toMatchObject({ ok: false, code: 'NOT_COVERED', needed: 110n });
    provider.payments.closeTask(second.hash, 'given up');
    expect(reserve(first, 4n)).toMatchObject({ code: 'NOT_COVERED', needed: 1n, available: 0n });
    await cover(first, 10n, 1);
    expect(reserve(first, 4n)).toEqual({ ok: true });
    expect(reserve(second, 1n)).toMatchObject({ ok: false, code: 'UNKNOWN_AGREEMENT' });
  });

  test('a chunk is neither larger than agreed nor larger than reserved, and comes in order', async () => {
    const buyer = await market.addRequester('by the rules');
    const task = await openTask(market.chain, buyer, provider, nextName(), { maxUnits: 20n });
    const { payments } = provider;
    expect(payments.reserveChunk(task.hash, 17n)).toMatchObject({ code: 'NOT_COVERED', needed: 17n });
    await deliverChunk(buyer, provider, task, 16n);
    expect(payments.reserveChunk(task.hash, 5n)).toMatchObject({ code: 'NOT_COVERED', available: 4n });
    const chunk = { sequence: 1, units: 4n, payloadSha256: hashOf('four') };
    const invalid = expect.objectContaining({ code: 'RECORD_INVALID' });
    expect(() => payments.recordChunk(task.hash, chunk)).toThrow(invalid);
    const covered = await buyer.payments.signVoucher(task.hash, 20n);
    if (covered.ok) payments.acceptVoucher(task.hash, covered.voucher, 1);
    expect(payments.reserveChunk(task.hash, 3n)).toEqual({ ok: true });
    expect(() => payments.recordChunk(task.hash, chunk)).toThrow(invalid);
    const early = { ...chunk, units: 3n, sequence: 2 };
    expect(() => payments.recordChunk(task.hash, early)).toThrow(
      expect.objectContaining({ code: 'LEDGER_INCONSISTENT' }),
    );
    expect(payments.recordChunk(task.hash, { ...chunk, units: 3n })).toEqual({ unitsDone: 19n, amountDue: 190n });
  });
});

describe('a receipt', () => {
  test.each<[string, string, Partial<Receipt>]>([
    ['for fewer chunks than were acknowledged', 'RECEIPT_AMOUNT', { units: 5n, amountDue: 50n }],
    ['for more than was delivered', 'RECEIPT_AMOUNT', { units: 31n, amountDue: 310n }],
    ['at another price', 'RECEIPT_AMOUNT', { amountDue: 319n }],
    ['for another task', 'UNKNOWN_AGREEMENT', { agreementHash: hashOf('another') }],
  ])('%s is refused, and what was acknowledged stays', async (_which, code, changes) => {
    const buyer = await market.addRequester(`miser ${number}`);
    const task = await openTask(market.chain, buyer, provider, nextName());
    for (let index = 0; index < 3; index += 1) await deliverChunk(buyer, provider, task, 10n);
    const receipt = { ...receiptFor(buyer, task, 'rejected'), ...changes };
    const signature = await buyer.wallet.signReceipt(receipt);
    expect(provider.payments.acceptReceipt(receipt, signature)).toMatchObject({ ok: false, code });
    expect(provider.ledger.findTask('provider', task.hash)).toMatchObject({ owed: 200n, receipt: null });
  });

  test('by somebody else is refused; the right one is taken once and again', async () => {
    const buyer = await market.addRequester('honest');
    const task = await openTask(market.chain, buyer, provider, nextName());
    await deliverChunk(buyer, provider, task, 10n);
    const receipt = receiptFor(buyer, task, 'verified');
    const forged = await walletOf('stranger').signReceipt(receipt);
    expect(provider.payments.acceptReceipt(receipt, forged)).toMatchObject({ code: 'RECEIPT_SIGNATURE' });
    const given = await giveReceipt(buyer, provider, task);
    const { signature } = await buyer.payments.issueReceipt(task.hash, given);
    expect(provider.payments.acceptReceipt(given, signature)).toEqual({ ok: true });
    const other = { ...given, units: 9n, amountDue: 90n };
    const otherSignature = await buyer.wallet.signReceipt(other);
    expect(provider.payments.acceptReceipt(other, otherSignature)).toMatchObject({ code: 'RECEIPT_AMOUNT' });
  });
});
