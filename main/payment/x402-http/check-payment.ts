/** Is this payment for us, signed by the payer's side, and of the amount that is due? Fields first, then the signature. */
import type { Hex } from '../../../protocol/agreement.ts';
import { settlementDomain, voucherTypes } from '../../../protocol/x402.ts';
import { channelIdOf, checkSignature, isSameAddress, voucherSignerOf } from '../typed-data.ts';
import type { HttpPayment, PaymentFault } from './wire.ts';

export interface PaymentTerms {
  readonly chainId: bigint;
  readonly token: Hex;
  readonly receiver: Hex;
  readonly receiverAuthorizer: Hex;
  readonly withdrawDelaySeconds: number;
}

/** Undefined when nothing is wrong. Vouchers of contract payers (EIP-1271) are not taken here: only the chain can check them. */
export function findFault(payment: HttpPayment, terms: PaymentTerms): PaymentFault | undefined {
  const { config, voucher, network } = payment;
  if (network !== networkOf(terms.chainId)) return 'invalid_batch_settlement_evm_network_mismatch';
  if (!isSameAddress(config.token, terms.token)) return 'invalid_batch_settlement_evm_token_mismatch';
  if (!isSameAddress(config.receiver, terms.receiver)) return 'invalid_batch_settlement_evm_receiver_mismatch';
  if (!isSameAddress(config.receiverAuthorizer, terms.receiverAuthorizer)) {
    return 'invalid_batch_settlement_evm_receiver_authorizer_mismatch';
  }
  if (config.withdrawDelay !== terms.withdrawDelaySeconds) {
    return 'invalid_batch_settlement_evm_withdraw_delay_mismatch';
  }
  if (!isSameAddress(voucher.channelId, channelIdOf(config, terms.chainId))) {
    return 'invalid_batch_settlement_evm_channel_id_mismatch';
  }
  const { channelId, maxClaimableAmount, signature } = voucher;
  const typed = {
    domain: settlementDomain(terms.chainId),
    types: voucherTypes,
    value: { channelId, maxClaimableAmount },
  };
  const check = checkSignature(typed, signature, voucherSignerOf(config));
  return check === 'valid' ? undefined : 'invalid_batch_settlement_evm_voucher_signature';
}

/** CAIP-2 name of an EVM chain. */
export function networkOf(chainId: bigint): string {
  return `eip155:${chainId}`;
}
