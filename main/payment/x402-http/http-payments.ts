/**
 * Pay per request over HTTP for any x402 client: 402 with our terms, then a voucher (or a deposit with one) for each request.
 * A request is a task of one chunk in the node's own books. Order: fields, signature, deposit, cover and voucher on disk, then
 * the work, then what it cost on disk, then the answer.
 */
import { randomBytes } from 'node:crypto';
import type { Agreement, Hex, TaskResult } from '../../../protocol/agreement.ts';
import { chainIdentity, hashAgreement } from '../../../protocol/hashing/typed-data.ts';
import { hashChunkChain } from '../../../protocol/hashing/chunk-chain.ts';
import { priceOfUnits } from '../../../protocol/tasks.ts';
import type { TaskKind } from '../../../protocol/tasks.ts';
import type { ChannelRecord, Ledger } from '../../ledger/index.ts';
import { createMutex } from '../mutex.ts';
import type { Mutex } from '../mutex.ts';
import { PaymentError } from '../payment-error.ts';
import type { RequestPayments, Signer } from '../types.ts';
import { findFault } from './check-payment.ts';
import type { PaymentTerms } from './check-payment.ts';
import type { HttpChain } from './http-chain.ts';
import { createOffers } from './offers.ts';
import { faultOf } from './payment-faults.ts';
import { readPayment } from './read-payment.ts';
import { giveBack } from './refund.ts';
import type { HttpPayment, PaymentFault } from './wire.ts';

export interface HttpPaymentsOptions {
  readonly chain: HttpChain;
  readonly ledger: Ledger;
  readonly payments: RequestPayments;
  /** Claims and refunds: the receiver authorizer. */
  readonly signer: Pick<Signer, 'address' | 'signResult'>;
  /** Who is paid. */
  readonly receiver: Hex;
  readonly withdrawDelaySeconds: number;
  /** EIP-712 domain of the token, for the client's deposit. */
  readonly tokenDomain: () => Promise<{ readonly name: string; readonly version: string }>;
  /** We pay the gas of deposits and refunds, so neither may be small change. In the token's smallest unit. */
  readonly minimumDeposit: bigint;
  /** Of a partial refund; everything that is left may always go back. */
  readonly minimumRefund: bigint;
  /** Asked before each transaction that a payer has us send. */
  readonly mayTransact: (payer: Hex) => boolean;
  readonly adapterClass: () => string;
  /** How clients deposit; EIP-3009 unless the token cannot. */
  readonly depositMethod?: 'eip3009' | 'permit2';
  readonly now?: () => number;
}

/** What is asked for, in the words of the agreement. */
export type RequestTerms = Omit<
  Agreement,
  'agreementId' | 'requester' | 'provider' | 'channelId' | 'chunkUnits' | 'startBy' | 'finishBy'
>;

export interface PaidRequest {
  readonly url: string;
  readonly description: string;
  readonly kind: TaskKind;
  /** The price is that of `maxUnits`; what was made of them is charged. */
  readonly terms: RequestTerms;
  /** Content of the PAYMENT-SIGNATURE header; null without one. */
  readonly payment: string | null;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `made` null: nothing was, and nothing is charged. */
export type ServedAnswer = HttpAnswer & {
  readonly made: { readonly units: bigint; readonly payloadSha256: Hex } | null;
};

/** Runs once the request is paid for. What it throws is not charged. */
export type Serve = (sale: { readonly agreement: Agreement; readonly agreementHash: Hex }) => Promise<ServedAnswer>;

export interface HttpPayments {
  answer(request: PaidRequest, serve: Serve): Promise<HttpAnswer>;
}

/** A request is computed in minutes; its record may be written as long after. */
const requestSeconds = 3_600n;

export function createHttpPayments(options: HttpPaymentsOptions): HttpPayments {
  const { chain, ledger, payments, signer, receiver, withdrawDelaySeconds, mayTransact, now = Date.now } = options;
  const { chainId, token } = chain.settings;
  const receiverAuthorizer = signer.address;
  const terms: PaymentTerms = { chainId, token, receiver, receiverAuthorizer, withdrawDelaySeconds };
  const offers = createOffers({ ...options, terms });
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

  /** A channel that is not in the books: what the chain says is claimed is the least that was charged. */
  async function chargedOn(channelId: Hex): Promise<{ known: ChannelRecord | undefined; charged: bigint }> {
    const known = ledger.findChannel('provider', channelId);
    if (known !== undefined) return { known, charged: known.baseClaimed + known.owed };
    return { known, charged: (await chain.readChannel(channelId)).totalClaimedAtMost };
  }

  /** Undefined when the voucher goes on from what was charged; x402 clients find their way back by what is said here. */
  async function findAmountFault(payment: HttpPayment, price: bigint): Promise<PaymentFault | undefined> {
    const { channelId, maxClaimableAmount } = payment.voucher;
    const { charged } = await chargedOn(channelId);
    if (maxClaimableAmount !== charged + price) return 'invalid_batch_settlement_evm_cumulative_amount_mismatch';
    if (payment.type === 'deposit' && payment.amount < options.minimumDeposit) {
      return 'invalid_batch_settlement_evm_deposit_below_min_deposit';
    }
    // Before anything is sent for it: a deposit that would not cover the voucher is not worth its gas.
    const state = await chain.readChannel(channelId);
    const balance = state.balance + (payment.type === 'deposit' ? payment.amount : 0n);
    if (balance === 0n) return 'invalid_batch_settlement_evm_channel_not_found';
    if (maxClaimableAmount > balance) return 'invalid_batch_settlement_evm_cumulative_exceeds_balance';
    return state.withdrawInitiatedAt !== 0 && price > 0n ? 'channel_closing' : undefined;
  }

  function agreementOf(request: PaidRequest, payment: HttpPayment): Agreement {
    const nowSeconds = BigInt(Math.floor(now() / 1_000));
    return {
      ...request.terms,
      agreementId: `0x${randomBytes(32).toString('hex')}`,
      requester: payment.config.payer,
      provider: signer.address,
      channelId: payment.voucher.channelId,
      chunkUnits: request.terms.maxUnits,
      startBy: nowSeconds + requestSeconds,
      finishBy: nowSeconds + requestSeconds,
    };
  }

  async function pay(request: PaidRequest, payment: HttpPayment, serve: Serve): Promise<HttpAnswer> {
    const { config, voucher } = payment;
    const price = priceOfUnits(request.terms.maxUnits, request.terms.pricePerMillionUnits);
    const amountFault = await findAmountFault(payment, price);
    if (amountFault !== undefined) return offers.refuse(request, amountFault, voucher.channelId);
    let transaction = '';
    if (payment.type === 'deposit') {
      if (!mayTransact(config.payer)) return tooMany;
      try {
        transaction = await chain.deposit(config, payment.amount, payment.authorization);
      } catch (error) {
        if (!(error instanceof PaymentError)) throw error;
        return offers.refuse(request, 'invalid_batch_settlement_evm_deposit_transaction_failed');
      }
    }
    const agreement = agreementOf(request, payment);
    const agreementHash = hashAgreement(agreement, chainIdentity(chainId));
    const opened = await payments.openRequest({ agreement, agreementHash, channel: config, kind: request.kind });
    if (!opened.ok) return offers.refuse(request, faultOf(opened.code), voucher.channelId);
    const covered = cover(agreementHash, payment, agreement.maxUnits);
    if (covered !== undefined) return offers.refuse(request, covered, voucher.channelId);
    const answer = await deliver({ agreement, agreementHash }, serve);
    const { made } = answer;
    if (made === null) return answer;
    const record = { sequence: 0, ...made };
    const { amountDue } = payments.recordChunk(agreementHash, record);
    const result: TaskResult = {
      agreementHash,
      resultHash: hashChunkChain(agreementHash, [record]),
      units: made.units,
      amountDue,
      outcome: 'complete',
      adapterClass: options.adapterClass(),
      finishedAt: BigInt(Math.floor(now() / 1_000)),
    };
    payments.recordResult(agreementHash, result, await signer.signResult(result));
    // The payer's word was given with the request: what was made counts as acknowledged.
    const acknowledged = payments.acceptVoucher(agreementHash, voucher, 1);
    if (!acknowledged.ok) return offers.refuse(request, faultOf(acknowledged.code), voucher.channelId);
    return offers.withReceipt(answer, payment, transaction, amountDue);
  }

  /** Voucher on disk and everything it must cover reserved; else the task is closed again. */
  function cover(agreementHash: Hex, { voucher }: HttpPayment, units: bigint): PaymentFault | undefined {
    const accepted = payments.acceptVoucher(agreementHash, voucher, 0);
    const outcome = accepted.ok ? payments.reserveChunk(agreementHash, units) : accepted;
    if (outcome.ok) return undefined;
    payments.closeTask(agreementHash, outcome.message);
    return faultOf(outcome.code);
  }

  async function deliver(sale: Parameters<Serve>[0], serve: Serve): Promise<ServedAnswer> {
    try {
      const answer = await serve(sale);
      if (answer.made === null) payments.closeTask(sale.agreementHash, `not served: ${answer.status}`);
      return answer;
    } catch (error) {
      payments.closeTask(sale.agreementHash, 'not served');
      throw error;
    }
  }

  async function refund(request: PaidRequest, payment: HttpPayment & { readonly type: 'refund' }): Promise<HttpAnswer> {
    const { channelId } = payment.voucher;
    const amountFault = await findAmountFault(payment, 0n);
    if (amountFault !== undefined) return offers.refuse(request, amountFault, channelId);
    const { minimumRefund } = options;
    const outcome = await giveBack({ chain, ledger, payments, minimumRefund, mayTransact }, payment);
    if (outcome === 'too many') return tooMany;
    if ('fault' in outcome) return offers.refuse(request, outcome.fault);
    const body = JSON.stringify({ message: 'Refund acknowledged', channelId });
    return offers.withReceipt({ status: 200, headers: {}, body }, payment, outcome.transaction, 0n);
  }

  async function answer(request: PaidRequest, serve: Serve): Promise<HttpAnswer> {
    if (request.payment === null) return offers.refuse(request);
    const payment = readPayment(request.payment);
    if ('fault' in payment) return offers.refuse(request, payment.fault);
    const fault = findFault(payment, terms);
    if (fault !== undefined) return offers.refuse(request, fault);
    try {
      return await inTurn(payment.voucher.channelId, () =>
        payment.type === 'refund' ? refund(request, payment) : pay(request, payment, serve),
      );
    } catch (error) {
      if (!(error instanceof PaymentError)) throw error;
      return offers.refuse(request, 'invalid_batch_settlement_evm_verification_state_unavailable');
    }
  }

  return { answer };
}

/** Of transactions whose gas is ours. */
const tooMany: HttpAnswer = {
  status: 429,
  headers: { 'content-type': 'application/json', 'retry-after': '3600' },
  body: JSON.stringify({ error: { code: 'RATE', message: 'too many deposits and refunds; try again in an hour' } }),
};
