/** Payments over HTTP where something is missing, late or broken; the chain is a table here. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLedger } from '../../main/ledger/index.ts';
import type { Ledger } from '../../main/ledger/index.ts';
import { PaymentError, createProviderPayments } from '../../main/payment/index.ts';
import type { ChainClient, ChannelOnChain, ProviderPayments, RequestPayments } from '../../main/payment/index.ts';
import { createHttpPayments } from '../../main/payment/x402-http/index.ts';
import type { HttpChain, HttpPayments, HttpPaymentsOptions, Serve } from '../../main/payment/x402-http/index.ts';
import { chainIdentity, hashAgreement } from '../../protocol/hashing/typed-data.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { chainId, hash, settings, wallet, payer, config, channelId, terms, good, joke } from './x402-parties.ts';

const unreachable = (): Promise<never> => Promise.reject(new PaymentError('CHAIN_UNREACHABLE', 'no answer'));
const full = () => ({ ok: false, code: 'LEDGER_STORAGE', message: 'full' }) as const;
const short = () => ({ ok: false, code: 'NOT_COVERED', message: 'short' }) as const;
const broken = (): Promise<never> => Promise.reject(new Error('a bug'));

let ledger: Ledger;
let payments: ProviderPayments & RequestPayments;
/** What the chain answers now. */
let state: ChannelOnChain;
/** Called at each look at the chain, with its number. */
let onLook: (count: number) => void;
let looks: number;

function look(): Promise<ChannelOnChain> {
  looks += 1;
  onLook(looks);
  return Promise.resolve(state);
}

const chain: HttpChain = {
  settings,
  readChannel: look,
  readRefundNonce: async () => 0n,
  readTokenDomain: async () => ({ name: 'USDC', version: '2' }),
  deposit: async (_config, amount) => {
    state = { ...state, balance: state.balance + amount };
    return hash;
  },
  async refund(_config, amount, claim) {
    const totalClaimed = claim?.totalClaimed ?? state.totalClaimed;
    state = { ...state, balance: state.balance - amount, totalClaimed };
    return hash;
  },
  close() {},
};

beforeEach(() => {
  ledger = openLedger({ path: ':memory:' });
  const client = { settings, readChannel: look, readReceiver: async () => ({ totalClaimed: 0n, totalSettled: 0n }) };
  payments = createProviderPayments({ ledger, chain: client as unknown as ChainClient, signer: wallet });
  state = good;
  onLook = () => {};
  looks = 0;
});

afterEach(() => ledger.close());

interface Sending {
  readonly options?: Partial<HttpPaymentsOptions>;
  readonly serve?: Serve;
  readonly accepted?: object;
}

function openDesk(options: Partial<HttpPaymentsOptions> = {}): HttpPayments {
  return createHttpPayments({
    chain,
    ledger,
    payments,
    signer: wallet,
    receiver: wallet.address,
    withdrawDelaySeconds: 86_400,
    tokenDomain: chain.readTokenDomain,
    minimumDeposit: 100n,
    minimumRefund: 50n,
    mayTransact: () => true,
    adapterClass: () => 'a card',
    ...options,
  });
}

async function ask(desk: HttpPayments, payload: object, { serve = joke, accepted = {} }: Sending = {}) {
  const whole = { scheme: 'batch-settlement', network: 'eip155:31337', ...accepted };
  const payment = Buffer.from(JSON.stringify({ x402Version: 2, accepted: whole, payload })).toString('base64');
  const answer = await desk.answer({ url: 'http://x', description: 'A joke', kind: 'chat', terms, payment }, serve);
  const error: string | undefined = answer.status === 402 ? JSON.parse(answer.body).error : undefined;
  return { status: answer.status, error: error?.replace('invalid_batch_settlement_evm_', '') };
}

function send(payload: object, sending: Sending = {}) {
  return ask(openDesk(sending.options), payload, sending);
}

async function voucher(amount: bigint, changes: Partial<ChannelConfig> = {}) {
  const channelConfig = { ...config, ...changes };
  const signed = await payer.signVoucher(channelConfig, amount);
  return { type: 'voucher', channelConfig, voucher: { ...signed, maxClaimableAmount: String(amount) } };
}

async function deposit(amount: bigint, value = 500n) {
  const erc3009Authorization = { validAfter: '0', validBefore: '9', salt: hash, signature: '0x12' };
  return {
    ...(await voucher(amount)),
    type: 'deposit',
    deposit: { amount: String(value), authorization: { erc3009Authorization } },
  };
}

async function refund(charged: bigint, amount?: string) {
  return { ...(await voucher(charged)), type: 'refund', ...(amount === undefined ? {} : { amount }) };
}

test.each<[string, Partial<ChannelConfig>, object, string]>([
  ['another chain', {}, { network: 'eip155:1' }, 'network_mismatch'],
  ['another token', { token: wallet.address }, {}, 'token_mismatch'],
  ['another receiver', { receiver: payer.address }, {}, 'receiver_mismatch'],
  ['another authorizer', { receiverAuthorizer: payer.address }, {}, 'receiver_authorizer_mismatch'],
  ['another delay', { withdrawDelay: 900 }, {}, 'withdraw_delay_mismatch'],
])('a channel of %s is refused by name', async (_what, changes, accepted, error) => {
  expect(await send(await voucher(100n, changes), { accepted })).toEqual({ status: 402, error });
});

test('a voucher for another channel, or by another key, is refused by name', async () => {
  const good = await voucher(100n);
  const other = { ...good.channelConfig, salt: hash };
  expect((await send({ ...good, channelConfig: other })).error).toBe('channel_id_mismatch');
  expect((await send({ ...good, voucher: { ...good.voucher, maxClaimableAmount: '99' } })).error).toBe(
    'voucher_signature',
  );
});

test.each<[string, (payload: Awaited<ReturnType<typeof deposit>>) => object]>([
  ['a delay in words', (payload) => ({ ...payload, channelConfig: { ...config, withdrawDelay: 'a day' } })],
  ['an amount below zero', (payload) => ({ ...payload, deposit: { ...payload.deposit, amount: '-5' } })],
  [
    'an amount above 128 bits',
    (payload) => ({ ...payload, deposit: { ...payload.deposit, amount: String(2n ** 128n) } }),
  ],
  ['an amount as a number', (payload) => ({ ...payload, deposit: { ...payload.deposit, amount: 5 } })],
  ['a signature of half bytes', (payload) => ({ ...payload, voucher: { ...payload.voucher, signature: '0x123' } })],
  ['a short salt', (payload) => ({ ...payload, channelConfig: { ...config, salt: '0x12' } })],
  ['another type', (payload) => ({ ...payload, type: 'gift' })],
  ['a later version', () => ({ type: 'voucher' })],
])('a payload with %s is refused before anything else', async (_what, spoil) => {
  expect((await send(spoil(await deposit(100n)))).error).toBe('payload_type');
  expect(looks).toBe(0);
});

describe('a request that is paid for', () => {
  test('is booked once, and its channel is told with the receipt', async () => {
    expect(await send(await voucher(100n))).toEqual({ status: 200, error: undefined });
    expect(ledger.findChannel('provider', channelId)).toMatchObject({ owed: 100n, ceiling: 100n });
    expect((await send(await voucher(100n))).error).toBe('cumulative_amount_mismatch');
  });

  test('asks for no transaction beyond the quota', async () => {
    const options = { mayTransact: () => false };
    expect((await send(await deposit(100n), { options })).status).toBe(429);
    expect((await send(await refund(0n), { options })).status).toBe(429);
    expect((await send(await voucher(100n), { options })).status).toBe(200);
  });

  test('is refused while the chain does not answer, and a bug of ours is not hidden', async () => {
    const state = 'verification_state_unavailable';
    const silent = { ...chain, readChannel: unreachable };
    expect((await send(await voucher(100n), { options: { chain: silent } })).error).toBe(state);
    await expect(send(await voucher(100n), { options: { chain: { ...chain, readChannel: broken } } })).rejects.toThrow(
      'a bug',
    );
    const failing = { ...chain, deposit: unreachable };
    expect((await send(await deposit(100n), { options: { chain: failing } })).error).toBe('deposit_transaction_failed');
    await expect(send(await deposit(100n), { options: { chain: { ...chain, deposit: broken } } })).rejects.toThrow(
      'a bug',
    );
  });

  test.each<[string, Partial<ChannelOnChain>, string]>([
    ['the payer announces its withdrawal', { withdrawInitiatedAt: 5 }, 'channel_closing'],
    ['the deposit disappears', { balance: 0n }, 'channel_not_found'],
    ['the deposit shrinks', { balance: 50n }, 'cumulative_exceeds_balance'],
  ])('is refused when %s between two looks', async (_what, change, error) => {
    onLook = (count) => {
      // The first two looks are at what was charged and at the deposit.
      if (count === 3) state = { ...state, ...change };
    };
    expect(await send(await voucher(100n))).toEqual({ status: 402, error });
    expect(ledger.totals().earned).toBe(0n);
  });

  test('is refused, and its task closed, when the books take no voucher or it does not cover all that is owed', async () => {
    const options = { payments: { ...payments, acceptVoucher: full } };
    expect((await send(await voucher(100n), { options })).error).toBe('verification_state_unavailable');
    const reserving = { payments: { ...payments, reserveChunk: short } };
    expect((await send(await voucher(100n), { options: reserving })).error).toBe('cumulative_amount_mismatch');
    expect(ledger.listTasks().map(({ state }) => state)).toEqual(['cancelled', 'cancelled']);
  });

  test('whose charge cannot be written is not answered: it is not owed either', async () => {
    let calls = 0;
    const acceptVoucher: typeof payments.acceptVoucher = (...input) => {
      calls += 1;
      return calls === 1 ? payments.acceptVoucher(...input) : { ok: false, code: 'LEDGER_STORAGE', message: 'full' };
    };
    const options = { payments: { ...payments, acceptVoucher } };
    expect((await send(await voucher(100n), { options })).error).toBe('verification_state_unavailable');
    expect(ledger.totals().earned).toBe(0n);
  });

  test('waits for the one before it on the same channel', async () => {
    const order: string[] = [];
    const slow: Serve = async (sale) => {
      order.push('begins');
      await new Promise((resolve) => setImmediate(resolve));
      order.push('ends');
      return joke(sale);
    };
    const desk = openDesk();
    const [first, second] = [await voucher(100n), await voucher(200n)];
    const answers = await Promise.all([ask(desk, first, { serve: slow }), ask(desk, second, { serve: slow })]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200]);
    expect(order).toEqual(['begins', 'ends', 'begins', 'ends']);
  });
});

/** An agreement that stays open. */
async function openTask() {
  const agreement = {
    ...terms,
    agreementId: hash,
    requester: payer.address,
    provider: wallet.address,
    channelId,
    chunkUnits: 1n,
    startBy: 2n ** 40n,
    finishBy: 2n ** 40n,
  };
  const agreementHash = hashAgreement(agreement, chainIdentity(chainId));
  return payments.openRequest({ agreement, agreementHash, channel: config, kind: 'chat' });
}

describe('a refund', () => {
  test('of a channel that is not in the books gives back what the chain has not booked', async () => {
    state = { ...good, totalClaimed: 300n, totalClaimedAtMost: 300n };
    expect((await send(await refund(300n))).status).toBe(200);
    expect(state.balance).toBe(300n);
    expect((await send(await refund(300n))).error).toBe('refund_no_balance');
  });

  test('is not given while a task between peers counts on the deposit', async () => {
    await send(await voucher(100n));
    await openTask();
    expect((await send(await refund(100n))).error).toBe('refund_transaction_failed');
  });

  test('keeps tasks from being begun on its channel until it has ended, and another refund too', async () => {
    await send(await voucher(100n));
    const outcomes: unknown[] = [];
    const refunding: HttpChain['refund'] = async (...input) => {
      outcomes.push(await openTask(), (await send(await refund(100n))).error);
      return chain.refund(...input);
    };
    const options = { chain: { ...chain, refund: refunding } };
    expect((await send(await refund(100n, '100'), { options })).status).toBe(200);
    expect(outcomes).toEqual([expect.objectContaining({ code: 'CHANNEL_BUSY' }), 'refund_transaction_failed']);
    expect(await openTask()).toEqual({ ok: true });
  });

  test('that the chain refuses says so, and a bug of ours is not hidden', async () => {
    await send(await voucher(100n));
    const failing = { ...chain, refund: unreachable };
    expect((await send(await refund(100n), { options: { chain: failing } })).error).toBe('refund_transaction_failed');
    await expect(send(await refund(100n), { options: { chain: { ...chain, refund: broken } } })).rejects.toThrow(
      'a bug',
    );
  });

  test('of what the claimer has booked meanwhile books nothing twice', async () => {
    await send(await voucher(100n));
    const refunding: HttpChain['refund'] = async (...input) => {
      const transaction = await chain.refund(...input);
      ledger.append({ kind: 'claim', role: 'provider', channelId, totalClaimed: 100n, transactionHash: null });
      ledger.append({ kind: 'deposit', role: 'provider', channelId, balance: 900n, transactionHash: null });
      return transaction;
    };
    const events = ledger.readEvents().length;
    expect(
      (await send(await refund(100n, '100'), { options: { chain: { ...chain, refund: refunding } } })).status,
    ).toBe(200);
    expect(ledger.readEvents()).toHaveLength(events + 2);
  });

  test('of a channel that has a task and no voucher claims nothing', async () => {
    await openTask();
    const [task] = ledger.listTasks();
    payments.closeTask(`0x${task?.id.slice(2)}`, 'over');
    expect((await send(await refund(100n))).error).toBe('cumulative_amount_mismatch');
    expect((await send(await refund(0n))).status).toBe(200);
    expect(ledger.findChannel('provider', channelId)).toMatchObject({ balance: 0n, claimed: 0n });
  });
});

test.each<[string, ChannelOnChain, () => Promise<object>, string]>([
  ['a deposit that is not worth its gas', good, () => deposit(100n, 99n), 'deposit_below_min_deposit'],
  ['a voucher on a channel without a deposit', { ...good, balance: 0n }, () => voucher(100n), 'channel_not_found'],
  ['a voucher above the deposit', { ...good, balance: 99n }, () => voucher(100n), 'cumulative_exceeds_balance'],
  ['a voucher while the payer withdraws', { ...good, withdrawInitiatedAt: 5 }, () => voucher(100n), 'channel_closing'],
  ['a refund of nothing', good, () => refund(0n, '0'), 'refund_amount_invalid'],
  ['a refund of more than there is', good, () => refund(0n, '1001'), 'refund_amount_invalid'],
  ['a refund of small change', good, () => refund(0n, '49'), 'refund_amount_invalid'],
])('%s is refused by name, and nothing is sent for it', async (_what, onChain, payload, error) => {
  state = onChain;
  expect((await send(await payload())).error).toBe(error);
  expect(state).toBe(onChain);
});

test('a refund is given while the payer withdraws, and of a rest that is small change', async () => {
  state = { ...good, balance: 49n, withdrawInitiatedAt: 5 };
  expect((await send(await refund(0n, '49'))).status).toBe(200);
  expect(state.balance).toBe(0n);
});
