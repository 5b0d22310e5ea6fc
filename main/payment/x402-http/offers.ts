/** What we say to a payer: 402 with our terms and how its channel stands, or the receipt beside the answer. */
import type { Hex } from '../../../protocol/agreement.ts';
import { priceOfUnits } from '../../../protocol/tasks.ts';
import type { Ledger } from '../../ledger/index.ts';
import { networkOf } from './check-payment.ts';
import type { PaymentTerms } from './check-payment.ts';
import type { HttpChain } from './http-chain.ts';
import type { HttpAnswer, PaidRequest } from './http-payments.ts';
import { encodeHeader, paymentRequiredHeader, paymentResponseHeader, scheme } from './wire.ts';
import type { HttpPayment, PaymentFault, PaymentRequirements } from './wire.ts';

export interface Offers {
  /** `channelId`: says how it stands, so that a client which lost count goes on from there. @throws PaymentError */
  refuse(request: PaidRequest, fault?: PaymentFault, channelId?: Hex): Promise<HttpAnswer>;
  /** @throws PaymentError */
  withReceipt(answer: HttpAnswer, payment: HttpPayment, transaction: string, charged: bigint): Promise<HttpAnswer>;
}

/** Seconds that a client's deposit authorization holds. */
const maximumTimeoutSeconds = 3_600;
/** The fault whose answer the specification has corrected by the channel's state. */
const corrected: PaymentFault = 'invalid_batch_settlement_evm_cumulative_amount_mismatch';

export function createOffers(parts: {
  readonly chain: Pick<HttpChain, 'readChannel' | 'readRefundNonce'>;
  readonly ledger: Pick<Ledger, 'findChannel'>;
  readonly terms: PaymentTerms;
  readonly tokenDomain: () => Promise<{ readonly name: string; readonly version: string }>;
  readonly minimumDeposit: bigint;
  readonly depositMethod?: 'eip3009' | 'permit2';
}): Offers {
  const { chain, ledger, terms, tokenDomain, minimumDeposit, depositMethod = 'eip3009' } = parts;
  const { chainId, token, receiver, receiverAuthorizer, withdrawDelaySeconds } = terms;

  async function requirementsOf(price: bigint, more: object): Promise<PaymentRequirements> {
    return {
      scheme,
      network: networkOf(chainId),
      amount: String(price),
      asset: token,
      payTo: receiver,
      maxTimeoutSeconds: maximumTimeoutSeconds,
      extra: {
        ...(await tokenDomain()),
        receiverAuthorizer,
        withdrawDelay: withdrawDelaySeconds,
        assetTransferMethod: depositMethod,
        minDeposit: String(minimumDeposit),
        ...more,
      },
    };
  }

  async function stateOf(channelId: Hex): Promise<{ readonly channelState: object; readonly voucherState?: object }> {
    const [state, nonce] = await Promise.all([chain.readChannel(channelId), chain.readRefundNonce(channelId)]);
    const booked = ledger.findChannel('provider', channelId);
    const channelState = {
      channelId,
      balance: String(state.balance),
      totalClaimed: String(state.totalClaimed),
      withdrawRequestedAt: state.withdrawInitiatedAt,
      refundNonce: String(nonce),
    };
    if (booked === undefined || booked.signature === null) return { channelState };
    const { baseClaimed, owed, ceiling, signature } = booked;
    return {
      channelState: { ...channelState, chargedCumulativeAmount: String(baseClaimed + owed) },
      voucherState: { signedMaxClaimable: String(ceiling), signature },
    };
  }

  return {
    async refuse({ url, description, terms: { maxUnits, pricePerMillionUnits } }, error, channelId) {
      const state = error === corrected && channelId !== undefined ? await stateOf(channelId) : {};
      const content = {
        x402Version: 2,
        ...(error === undefined ? {} : { error }),
        resource: { url, description, mimeType: 'application/json' },
        accepts: [await requirementsOf(priceOfUnits(maxUnits, pricePerMillionUnits), state)],
      };
      const headers = { 'content-type': 'application/json', [paymentRequiredHeader]: encodeHeader(content) };
      return { status: 402, headers, body: JSON.stringify(content) };
    },
    async withReceipt(answer, payment, transaction, charged) {
      const receipt = {
        success: true,
        transaction,
        network: networkOf(chainId),
        payer: payment.config.payer,
        amount: String(payment.type === 'deposit' ? payment.amount : ''),
        extra: { chargedAmount: String(charged), ...(await stateOf(payment.voucher.channelId)) },
      };
      const headers = { ...answer.headers, [paymentResponseHeader]: encodeHeader(receipt) };
      return { status: answer.status, headers, body: answer.body };
    },
  };
}
