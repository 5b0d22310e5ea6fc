/** The ledger's refusals in the specification's words. */
import type { PaymentRefusalCode } from '../types.ts';
import type { PaymentFault } from './wire.ts';

const faults: Partial<Record<PaymentRefusalCode, PaymentFault>> = {
  CHANNEL_UNKNOWN: 'invalid_batch_settlement_evm_channel_not_found',
  CHANNEL_CLOSING: 'channel_closing',
  DEPOSIT_TOO_SMALL: 'invalid_batch_settlement_evm_cumulative_exceeds_balance',
  VOUCHER_OVER_DEPOSIT: 'invalid_batch_settlement_evm_cumulative_exceeds_balance',
  NOT_COVERED: 'invalid_batch_settlement_evm_cumulative_amount_mismatch',
};

/** What is not the payer's doing (a full disk, a chain that does not answer) is a state that could not be verified. */
export function faultOf(code: PaymentRefusalCode): PaymentFault {
  return faults[code] ?? 'invalid_batch_settlement_evm_verification_state_unavailable';
}
