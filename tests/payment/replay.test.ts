/** A voucher that was good once, somewhere: each way of passing it off here has a refusal of its own. */
import { Signature } from 'ethers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { channelIdOf, createProviderPayments } from '../../main/payment/index.ts';
import type { ProviderPayments } from '../../main/payment/index.ts';
import type { Hex } from '../../protocol/agreement.ts';
import { depositCollectorAddress, settlementDomain, voucherTypes } from '../../protocol/x402.ts';
import type { SignedVoucher } from '../../protocol/x402.ts';
import { agree, deliverChunk, forge, hashOf, openMarketPlace, openTask, walletOf } from './market-place.ts';
import type { MarketPlace, OpenedTask, ProviderParty, RequesterParty } from './market-place.ts';

let market: MarketPlace;
let requester: RequesterParty;
let provider: ProviderParty;
let task: OpenedTask;
/** The same books an hour and a second later, when the agreement has run out. */
let later: ProviderPayments;

beforeAll(async () => {
  market = await openMarketPlace();
  requester = await market.addRequester('requester');
  provider = await market.addProvider('provider');
  task = await openTask(market.chain, requester, provider, 'replayed');
  await deliverChunk(requester, provider, task, 10n);
  const { ledger, chain, wallet } = provider;
  later = createProviderPayments({
    ledger: { ...ledger, listOpenTasks: () => [] },
    chain,
    signer: wallet,
    now: anHourLater,
  });
});

afterAll(() => market.close());

const higher = 200n;

function anHourLater(): number {
  return Date.now() + 3_601_000;
}

async function sign(domain: object = {}, amount = higher, channelId: Hex = task.agreement.channelId, by = 'requester') {
  const content = { channelId, maxClaimableAmount: amount };
  const whole = { ...settlementDomain(31_337n), ...domain };
  return { ...content, signature: await forge(walletOf(by).address, whole, voucherTypes, content) };
}

function twinOf(voucher: SignedVoucher): SignedVoucher {
  const { r, s, yParity } = Signature.from(voucher.signature);
  const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
  const twin = (order - BigInt(s)).toString(16).padStart(64, '0');
  return { ...voucher, signature: `0x${r.slice(2)}${twin}${yParity === 0 ? '1c' : '1b'}` };
}

test.each<[how: string, code: string, make: () => Promise<SignedVoucher>]>([
  ['signed for another chain', 'VOUCHER_CHAIN', () => sign({ chainId: 8_453n })],
  [
    'of the same channel on another chain',
    'VOUCHER_CHAIN',
    () => sign({ chainId: 1n }, higher, channelIdOf(task.channel, 1n)),
  ],
  ['signed for another contract', 'VOUCHER_CONTRACT', () => sign({ verifyingContract: depositCollectorAddress })],
  ['of another channel', 'VOUCHER_CHANNEL', () => sign({}, higher, hashOf('another channel'))],
  ['that is older', 'VOUCHER_NOT_HIGHER', () => sign({}, 99n)],
  ['forged by another key', 'VOUCHER_SIGNATURE', () => sign({}, higher, task.agreement.channelId, 'stranger')],
  ['raised after it was signed', 'VOUCHER_SIGNATURE', async () => ({ ...(await sign()), maxClaimableAmount: 201n })],
  ['signed under another name', 'VOUCHER_SIGNATURE', () => sign({ name: 'Batch Settlement' })],
  ['with the twin of its signature', 'VOUCHER_MALLEABLE', async () => twinOf(await sign())],
])('a voucher %s is refused with %s', async (_how, code, make) => {
  const before = provider.ledger.readEvents(0, 100_000).length;
  expect(provider.payments.acceptVoucher(task.hash, await make(), 1)).toMatchObject({ ok: false, code });
  expect(provider.ledger.readEvents(0, 100_000)).toHaveLength(before);
});

test('a voucher for an agreement whose time is over is refused with AGREEMENT_EXPIRED, and nothing is computed', async () => {
  expect(later.acceptVoucher(task.hash, await sign(), 1)).toMatchObject({ ok: false, code: 'AGREEMENT_EXPIRED' });
  expect(later.reserveChunk(task.hash, 1n)).toMatchObject({ ok: false, code: 'AGREEMENT_EXPIRED' });
  const { signed, hash, channel } = await agree(market.chain, requester, provider, 'too late');
  const input = { signed, agreementHash: hash, channel, kind: 'chat' };
  expect(await later.openTask(input)).toMatchObject({ ok: false, code: 'AGREEMENT_EXPIRED' });
});

test('the voucher they were all made of is taken', async () => {
  expect(provider.payments.acceptVoucher(task.hash, await sign(), 1)).toEqual({ ok: true });
});
