/**
 * Pay per request over HTTP for any x402 client: 402 with our terms, then a voucher (or a deposit with one) for each request.
 * Order of every request: fields, signature, cover on chain, voucher on disk, then the work, then the charge on disk.
 */
import type { Hex } from '../../../protocol/agreement.ts';
import type { ClaimRow } from '../chain-client.ts';
import { createMutex } from '../mutex.ts';
import type { Mutex } from '../mutex.ts';
import { PaymentError } from '../payment-error.ts';
import type { BookedChannel, ChannelBook } from './channel-book.ts';
import { findFault, networkOf } from './check-payment.ts';
import type { PaymentTerms } from './check-payment.ts';
import type { HttpChain } from './http-chain.ts';
import { readPayment } from './read-payment.ts';
import { encodeHeader, paymentRequiredHeader, paymentResponseHeader, scheme } from './wire.ts';
import type { HttpPayment, PaymentFault, PaymentRequirements } from './wire.ts';

export interface HttpPaymentsOptions {
  readonly chain: HttpChain;
  readonly book: ChannelBook;
  readonly receiver: Hex;
  /** The address that `chain` sends from: it claims and refunds. */
  readonly receiverAuthorizer: Hex;
  readonly withdrawDelaySeconds: number;
  /** EIP-712 domain of the token, for the client's deposit. */
  readonly tokenDomain: { readonly name: string; readonly version: string };
  /** We pay the gas of deposits and refunds, so neither may be small change. In the token's smallest unit. */
  readonly minimumDeposit: bigint;
  /** Of a partial refund; everything that is left may always go back. */
  readonly minimumRefund: bigint;
  /** How clients deposit; EIP-3009 unless the token cannot. */
  readonly depositMethod?: 'eip3009' | 'permit2';
}

export interface PaidRequest {
  readonly url: string;
  readonly description: string;
  /** In the token's smallest unit. */
  readonly price: bigint;
  /** Content of the PAYMENT-SIGNATURE header; null without one. */
  readonly payment: string | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface HttpPayments {
  /** Answers the request; `serve` runs only when it is paid for, and what it throws is not charged. */
  answer(request: PaidRequest, serve: () => Promise<HttpAnswer>): Promise<HttpAnswer>;
  /** Claims what was charged on every channel and pays it out. @throws PaymentError */
  claim(): Promise<{ readonly claimed: bigint; readonly transactionHash: Hex | null }>;
}

/** Seconds that a client's deposit authorization holds. */
const maximumTimeoutSeconds = 3_600;
/** Rows of one transaction, as x402 facilitators limit themselves. */
const rowsPerClaim = 25;

type Verdict = { readonly fault: PaymentFault; readonly corrective?: object } | { readonly channel: BookedChannel };

export function createHttpPayments(options: HttpPaymentsOptions): HttpPayments {
  const { chain, book, receiver, receiverAuthorizer, withdrawDelaySeconds } = options;
  const { chainId, token } = chain.settings;
  const terms: PaymentTerms = { chainId, token, receiver, receiverAuthorizer, withdrawDelaySeconds };
  /** One request at a time on each channel, of those that are being worked on. */
  const turns = new Map<string, { readonly mutex: Mutex; waiting: number }>();

  async function inTurn<Result>(channelId: Hex, action: () => Promise<Result>): Promise<Result> {
    const key = channelId.toLowerCase();
    const turn = turns.get(key) ?? { mutex: createMutex(), waiting: 0 };
    turns.set(key, turn);
    turn.waiting += 1;
    try {
      return await turn.mutex(action);
    } finally {
      turn.waiting -= 1;
      if (turn.waiting === 0) turns.delete(key);
    }
  }

  function requirementsOf(price: bigint, more: object = {}): PaymentRequirements {
    const { depositMethod = 'eip3009', tokenDomain } = options;
    return {
      scheme,
      network: networkOf(chainId),
      amount: String(price),
      asset: token,
      payTo: receiver,
      maxTimeoutSeconds: maximumTimeoutSeconds,
      extra: {
        ...tokenDomain,
        receiverAuthorizer,
        withdrawDelay: withdrawDelaySeconds,
        assetTransferMethod: depositMethod,
        minDeposit: String(options.minimumDeposit),
        ...more,
      },
    };
  }

  function require({ url, description, price }: PaidRequest, error?: PaymentFault, corrective?: object): HttpAnswer {
    const content = {
      x402Version: 2,
      ...(error === undefined ? {} : { error }),
      resource: { url, description, mimeType: 'application/json' },
      accepts: [requirementsOf(price, corrective)],
    };
    return { status: 402, headers: { [paymentRequiredHeader]: encodeHeader(content) }, body: JSON.stringify(content) };
  }

  async function stateOf(channelId: Hex): Promise<{ readonly channelState: object; readonly voucherState?: object }> {
    const [state, nonce] = await Promise.all([chain.readChannel(channelId), chain.readRefundNonce(channelId)]);
    const booked = book.find(channelId);
    return {
      channelState: {
        channelId,
        balance: String(state.balance),
        totalClaimed: String(state.totalClaimed),
        withdrawRequestedAt: state.withdrawInitiatedAt,
        refundNonce: String(nonce),
        ...(booked === undefined ? {} : { chargedCumulativeAmount: String(booked.charged) }),
      },
      ...(booked === undefined
        ? {}
        : { voucherState: { signedMaxClaimable: String(booked.ceiling), signature: booked.signature } }),
    };
  }

  /** Up to the voucher on disk. `price` 0: a refund, whose voucher repeats what was charged. */
  async function accept(payment: HttpPayment, price: bigint): Promise<Verdict> {
    const { config, voucher } = payment;
    const { channelId, maxClaimableAmount, signature } = voucher;
    const state = await chain.readChannel(channelId);
    if (state.withdrawInitiatedAt !== 0 && price > 0n) return { fault: 'channel_closing' };
    // A book that was lost: what the chain says is claimed is the least that was charged.
    const booked = book.find(channelId);
    const charged = booked?.charged ?? state.totalClaimedAtMost;
    if (maxClaimableAmount !== charged + price) {
      return { fault: 'invalid_batch_settlement_evm_cumulative_amount_mismatch', corrective: await stateOf(channelId) };
    }
    if (payment.type === 'deposit' && payment.amount < options.minimumDeposit) {
      return { fault: 'invalid_batch_settlement_evm_deposit_below_min_deposit' };
    }
    const balance = state.balance + (payment.type === 'deposit' ? payment.amount : 0n);
    if (balance === 0n) return { fault: 'invalid_batch_settlement_evm_channel_not_found' };
    if (maxClaimableAmount > balance) return { fault: 'invalid_batch_settlement_evm_cumulative_exceeds_balance' };
    // A refund's voucher may lie below one that is on disk already, whose work was never delivered.
    if (booked !== undefined && maxClaimableAmount <= booked.ceiling) return { channel: booked };
    return { channel: { channelId, config, charged, ceiling: maxClaimableAmount, signature } };
  }

  async function pay(
    request: PaidRequest,
    payment: HttpPayment,
    serve: () => Promise<HttpAnswer>,
  ): Promise<HttpAnswer> {
    const verdict = await accept(payment, request.price);
    if ('fault' in verdict) return require(request, verdict.fault, verdict.corrective);
    let transaction = '';
    if (payment.type === 'deposit') {
      try {
        transaction = await chain.deposit(payment.config, payment.amount, payment.authorization);
      } catch (error) {
        if (!(error instanceof PaymentError)) throw error;
        return require(request, 'invalid_batch_settlement_evm_deposit_transaction_failed');
      }
    }
    book.save(verdict.channel);
    const answer = await serve();
    if (answer.status >= 400) return answer;
    book.save({ ...verdict.channel, charged: verdict.channel.charged + request.price });
    return withReceipt(answer, payment, transaction, request.price);
  }

  async function refund(request: PaidRequest, payment: HttpPayment & { readonly type: 'refund' }): Promise<HttpAnswer> {
    const verdict = await accept(payment, 0n);
    if ('fault' in verdict) return require(request, verdict.fault, verdict.corrective);
    const { channel } = verdict;
    const state = await chain.readChannel(channel.channelId);
    const left = state.balance - channel.charged;
    if (left <= 0n) return require(request, 'invalid_batch_settlement_evm_refund_no_balance');
    const amount = payment.amount ?? left;
    const isTooSmall = amount < options.minimumRefund && amount < left;
    if (amount <= 0n || amount > left || isTooSmall)
      return require(request, 'invalid_batch_settlement_evm_refund_amount_invalid');
    try {
      // What is earned is booked first: a refund gives back whatever is unclaimed.
      const transaction = await chain.refund(channel.config, amount, rowOf(channel, state.totalClaimed));
      const body = JSON.stringify({ message: 'Refund acknowledged', channelId: channel.channelId });
      return await withReceipt({ status: 200, headers: {}, body }, payment, transaction, 0n);
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return require(request, 'invalid_batch_settlement_evm_refund_transaction_failed');
    }
  }

  async function withReceipt(
    answer: HttpAnswer,
    payment: HttpPayment,
    transaction: string,
    charged: bigint,
  ): Promise<HttpAnswer> {
    const receipt = {
      success: true,
      transaction,
      network: networkOf(chainId),
      payer: payment.config.payer,
      amount: String(payment.type === 'deposit' ? payment.amount : ''),
      extra: { chargedAmount: String(charged), ...(await stateOf(payment.voucher.channelId)) },
    };
    return { ...answer, headers: { ...answer.headers, [paymentResponseHeader]: encodeHeader(receipt) } };
  }

  async function answer(request: PaidRequest, serve: () => Promise<HttpAnswer>): Promise<HttpAnswer> {
    if (request.payment === null) return require(request);
    const payment = readPayment(request.payment);
    if ('fault' in payment) return require(request, payment.fault);
    const fault = findFault(payment, terms);
    if (fault !== undefined) return require(request, fault);
    try {
      return await inTurn(payment.voucher.channelId, () =>
        payment.type === 'refund' ? refund(request, payment) : pay(request, payment, serve),
      );
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return require(request, 'invalid_batch_settlement_evm_verification_state_unavailable');
    }
  }

  async function claim(): Promise<{ readonly claimed: bigint; readonly transactionHash: Hex | null }> {
    const rows: ClaimRow[] = [];
    let claimed = 0n;
    for (const channel of book.list()) {
      const state = await chain.readChannel(channel.channelId);
      const row = rowOf(channel, state.totalClaimed);
      if (row === null || row.totalClaimed > state.balance) continue;
      rows.push(row);
      claimed += row.totalClaimed - state.totalClaimed;
    }
    let transactionHash: Hex | null = null;
    for (let start = 0; start < rows.length; start += rowsPerClaim) {
      transactionHash = await chain.claim(rows.slice(start, start + rowsPerClaim), receiver);
    }
    return { claimed, transactionHash };
  }

  return { answer, claim };
}

/** Null when everything that was charged is claimed already. */
function rowOf({ config, charged, ceiling, signature }: BookedChannel, totalClaimed: bigint): ClaimRow | null {
  if (charged <= totalClaimed) return null;
  return { config, maxClaimableAmount: ceiling, signature, totalClaimed: charged };
}
