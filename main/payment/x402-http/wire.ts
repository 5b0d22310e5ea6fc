/**
 * The HTTP form of x402 version 2, scheme `batch-settlement` (x402-foundation/x402, specs/schemes/batch-settlement): what
 * stands, as base64 of JSON, in the three headers. Amounts are decimal strings in the token's smallest unit.
 */
import type { Hex } from '../../../protocol/agreement.ts';
import type { ChannelConfig } from '../../../protocol/x402.ts';

export const paymentRequiredHeader = 'PAYMENT-REQUIRED';
export const paymentSignatureHeader = 'PAYMENT-SIGNATURE';
export const paymentResponseHeader = 'PAYMENT-RESPONSE';
export const scheme = 'batch-settlement';

/** The specification's reasons; clients act on some of them, so the words are fixed. */
export type PaymentFault =
  | 'invalid_batch_settlement_evm_payload_type'
  | 'invalid_batch_settlement_evm_scheme'
  | 'invalid_batch_settlement_evm_network_mismatch'
  | 'invalid_batch_settlement_evm_token_mismatch'
  | 'invalid_batch_settlement_evm_receiver_mismatch'
  | 'invalid_batch_settlement_evm_receiver_authorizer_mismatch'
  | 'invalid_batch_settlement_evm_withdraw_delay_mismatch'
  | 'invalid_batch_settlement_evm_channel_id_mismatch'
  | 'invalid_batch_settlement_evm_voucher_signature'
  | 'invalid_batch_settlement_evm_channel_not_found'
  | 'invalid_batch_settlement_evm_cumulative_exceeds_balance'
  | 'invalid_batch_settlement_evm_cumulative_amount_mismatch'
  | 'invalid_batch_settlement_evm_deposit_below_min_deposit'
  | 'invalid_batch_settlement_evm_deposit_transaction_failed'
  | 'invalid_batch_settlement_evm_refund_no_balance'
  | 'invalid_batch_settlement_evm_refund_amount_invalid'
  | 'invalid_batch_settlement_evm_refund_transaction_failed'
  | 'invalid_batch_settlement_evm_verification_state_unavailable'
  /** Not in the specification: the payer is taking its deposit back, so nothing new is begun. */
  | 'channel_closing';

export interface PaymentRequirements {
  readonly scheme: typeof scheme;
  /** CAIP-2: `eip155:<chain id>`. */
  readonly network: string;
  readonly amount: string;
  readonly asset: Hex;
  readonly payTo: Hex;
  readonly maxTimeoutSeconds: number;
  readonly extra: Readonly<Record<string, unknown>>;
}

export interface VoucherFields {
  readonly channelId: Hex;
  readonly maxClaimableAmount: bigint;
  readonly signature: Hex;
}

/** How the deposit is pulled: by EIP-3009 or by Permit2. */
export type DepositAuthorization =
  | {
      readonly method: 'eip3009';
      readonly validAfter: bigint;
      readonly validBefore: bigint;
      readonly salt: bigint;
      readonly signature: Hex;
    }
  | { readonly method: 'permit2'; readonly nonce: bigint; readonly deadline: bigint; readonly signature: Hex };

interface PayloadBase {
  readonly network: string;
  readonly config: ChannelConfig;
  readonly voucher: VoucherFields;
}

export type HttpPayment =
  | (PayloadBase & {
      readonly type: 'deposit';
      readonly amount: bigint;
      readonly authorization: DepositAuthorization;
    })
  | (PayloadBase & { readonly type: 'voucher' })
  /** `amount` null: everything that is left. */
  | (PayloadBase & { readonly type: 'refund'; readonly amount: bigint | null });

export function encodeHeader(content: object): string {
  return Buffer.from(JSON.stringify(content)).toString('base64');
}
