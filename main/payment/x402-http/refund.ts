/** Gives a payer back what it asks for of its deposit. What is earned is claimed in the same transaction: it stays ours. */
import type { Hex } from '../../../protocol/agreement.ts';
import type { Ledger } from '../../ledger/index.ts';
import { PaymentError } from '../payment-error.ts';
import { bookRefund, claimableRow } from '../refunds.ts';
import type { HttpChain } from './http-chain.ts';
import type { HttpPayment, PaymentFault } from './wire.ts';

export async function giveBack(
  parts: {
    readonly chain: HttpChain;
    readonly ledger: Ledger;
    readonly minimumRefund: bigint;
    readonly mayTransact: (payer: Hex) => boolean;
    readonly now: () => number;
  },
  payment: HttpPayment & { readonly type: 'refund' },
): Promise<{ readonly transaction: string } | { readonly fault: PaymentFault } | 'too many'> {
  const { chain, ledger, minimumRefund, now } = parts;
  const { channelId } = payment.voucher;
  const nowSeconds = Math.floor(now() / 1_000);
  // A task between peers counts on the whole deposit until it ends.
  if (ledger.listOpenTasks('provider', channelId, nowSeconds).length > 0) return { fault: failed };
  const known = ledger.findChannel('provider', channelId);
  const state = await chain.readChannel(channelId);
  const kept = known === undefined ? state.totalClaimedAtMost : known.baseClaimed + known.committed;
  const left = state.balance - kept;
  if (left <= 0n) return { fault: 'invalid_batch_settlement_evm_refund_no_balance' };
  const amount = payment.amount ?? left;
  const isTooSmall = amount < minimumRefund && amount < left;
  if (amount <= 0n || amount > left || isTooSmall)
    return { fault: 'invalid_batch_settlement_evm_refund_amount_invalid' };
  if (!parts.mayTransact(payment.config.payer)) return 'too many';
  try {
    const transaction = await chain.refund(
      payment.config,
      amount,
      known === undefined ? null : claimableRow(known, state.totalClaimed),
    );
    await bookRefund(chain, ledger, channelId, transaction);
    return { transaction };
  } catch (error) {
    if (!(error instanceof PaymentError)) throw error;
    return { fault: failed };
  }
}

const failed: PaymentFault = 'invalid_batch_settlement_evm_refund_transaction_failed';
