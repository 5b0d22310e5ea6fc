/** Gives a payer back what it asks for of its deposit. What is earned is claimed in the same transaction: it stays ours. */
import type { Hex } from '../../../protocol/agreement.ts';
import type { Ledger } from '../../ledger/index.ts';
import { PaymentError } from '../payment-error.ts';
import { bookRefund, claimableRow } from '../refunds.ts';
import type { RequestPayments } from '../types.ts';
import type { HttpChain } from './http-chain.ts';
import type { HttpPayment, PaymentFault } from './wire.ts';

type RefundOutcome = { readonly transaction: string } | { readonly fault: PaymentFault } | 'too many';

interface RefundParts {
  readonly chain: HttpChain;
  readonly ledger: Ledger;
  readonly payments: Pick<RequestPayments, 'holdForRefund'>;
  readonly minimumRefund: bigint;
  readonly mayTransact: (payer: Hex) => boolean;
}

/** A task between peers counts on the whole deposit until it ends, and none is begun meanwhile. */
export async function giveBack(
  parts: RefundParts,
  payment: HttpPayment & { readonly type: 'refund' },
): Promise<RefundOutcome> {
  const release = await parts.payments.holdForRefund(payment.voucher.channelId);
  if (release === null) return { fault: failed };
  try {
    return await giveBackHeld(parts, payment);
  } finally {
    release();
  }
}

async function giveBackHeld(
  { chain, ledger, minimumRefund, mayTransact }: RefundParts,
  { config, voucher: { channelId }, ...payment }: HttpPayment & { readonly type: 'refund' },
): Promise<RefundOutcome> {
  const known = ledger.findChannel('provider', channelId);
  const state = await chain.readChannel(channelId);
  // What vouchers covered and nobody was served for goes back too: their clients count on what was charged.
  const kept = known === undefined ? state.totalClaimedAtMost : known.baseClaimed + known.committed;
  const left = state.balance - kept;
  if (left <= 0n) return { fault: 'invalid_batch_settlement_evm_refund_no_balance' };
  const amount = payment.amount ?? left;
  const isTooSmall = amount < minimumRefund && amount < left;
  if (amount <= 0n || amount > left || isTooSmall)
    return { fault: 'invalid_batch_settlement_evm_refund_amount_invalid' };
  if (!mayTransact(config.payer)) return 'too many';
  try {
    const row = known === undefined ? null : claimableRow(known, state.totalClaimed);
    const transaction = await chain.refund(config, amount, row);
    await bookRefund(chain, ledger, channelId, transaction);
    return { transaction };
  } catch (error) {
    if (!(error instanceof PaymentError)) throw error;
    return { fault: failed };
  }
}

const failed: PaymentFault = 'invalid_batch_settlement_evm_refund_transaction_failed';
