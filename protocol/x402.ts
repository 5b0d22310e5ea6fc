/**
 * x402 batch-settlement: the payment rail. Typed data and addresses follow the public specification
 * (x402-foundation/x402, specs/schemes/batch-settlement) so that any x402 client can pay a Hearth node.
 */
import type { Hex } from './agreement.ts';

/** One CREATE2 address on every EVM chain. */
export const settlementAddress: Hex = '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003';
export const depositCollectorAddress: Hex = '0x4020806089470a89826cB9fB1f4059150b550004';

/** Collector of deposits by Permit2, for tokens without EIP-3009; and Permit2 itself. */
export const permit2CollectorAddress: Hex = '0x4020425FAf3B746C082C2f942b4E5159887B0005';
export const permit2Address: Hex = '0x000000000022D473030F116dDEE9F6B43aC78BA3';

/** The contract's own limits on `withdrawDelay`. A provider may, and should, ask for more than the minimum. */
export const minimumWithdrawDelaySeconds = 900;
export const maximumWithdrawDelaySeconds = 2_592_000;

export interface ChannelConfig {
  readonly payer: Hex;
  /** Signs vouchers by plain ECDSA; zero means the payer signs (EIP-1271 allowed). */
  readonly payerAuthorizer: Hex;
  readonly receiver: Hex;
  readonly receiverAuthorizer: Hex;
  readonly token: Hex;
  /** Seconds between the payer's initiateWithdraw and finalizeWithdraw: 900 to 2_592_000. */
  readonly withdrawDelay: number;
  readonly salt: Hex;
}

/** A cumulative ceiling: it covers everything ever charged on the channel up to this amount. */
export interface Voucher {
  readonly channelId: Hex;
  readonly maxClaimableAmount: bigint;
}

export interface SignedVoucher extends Voucher {
  readonly signature: Hex;
}

export const channelConfigTypes = {
  ChannelConfig: [
    { name: 'payer', type: 'address' },
    { name: 'payerAuthorizer', type: 'address' },
    { name: 'receiver', type: 'address' },
    { name: 'receiverAuthorizer', type: 'address' },
    { name: 'token', type: 'address' },
    { name: 'withdrawDelay', type: 'uint40' },
    { name: 'salt', type: 'bytes32' },
  ],
};

export const voucherTypes = {
  Voucher: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'maxClaimableAmount', type: 'uint128' },
  ],
};

/** Signed by the receiver authorizer, so that anybody may send `claimWithSignature`. Totals are cumulative. */
export const claimBatchTypes = {
  ClaimBatch: [{ name: 'claims', type: 'ClaimEntry[]' }],
  ClaimEntry: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'maxClaimableAmount', type: 'uint128' },
    { name: 'totalClaimed', type: 'uint128' },
  ],
};

/** Signed by the receiver authorizer over the channel's current refund nonce. */
export const refundTypes = {
  Refund: [
    { name: 'channelId', type: 'bytes32' },
    { name: 'nonce', type: 'uint256' },
    { name: 'amount', type: 'uint128' },
  ],
};

/** EIP-3009, under the token's own domain; `to` is the deposit collector, `nonce` keccak256(abi.encode(channelId, salt)). */
export const receiveAuthorizationTypes = {
  ReceiveWithAuthorization: [
    { name: 'from', type: 'address' },
    { name: 'to', type: 'address' },
    { name: 'value', type: 'uint256' },
    { name: 'validAfter', type: 'uint256' },
    { name: 'validBefore', type: 'uint256' },
    { name: 'nonce', type: 'bytes32' },
  ],
};

/** Permit2, under its own domain (no version); `spender` is the Permit2 collector, the witness binds it to the channel. */
export const permit2DepositTypes = {
  PermitWitnessTransferFrom: [
    { name: 'permitted', type: 'TokenPermissions' },
    { name: 'spender', type: 'address' },
    { name: 'nonce', type: 'uint256' },
    { name: 'deadline', type: 'uint256' },
    { name: 'witness', type: 'DepositWitness' },
  ],
  TokenPermissions: [
    { name: 'token', type: 'address' },
    { name: 'amount', type: 'uint256' },
  ],
  DepositWitness: [{ name: 'channelId', type: 'bytes32' }],
};

export function permit2Domain(chainId: bigint) {
  return { name: 'Permit2', chainId, verifyingContract: permit2Address };
}

export function settlementDomain(chainId: bigint) {
  return { name: 'x402 Batch Settlement', version: '1', chainId, verifyingContract: settlementAddress };
}
