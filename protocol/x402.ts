/**
 * x402 batch-settlement: the payment rail. Typed data and addresses follow the public specification
 * (x402-foundation/x402, specs/schemes/batch-settlement) so that any x402 client can pay a Hearth node.
 */
import type { Hex } from './agreement.ts';

/** One CREATE2 address on every EVM chain. */
export const settlementAddress: Hex = '0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003';
export const depositCollectorAddress: Hex = '0x4020806089470a89826cB9fB1f4059150b550004';

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

export function settlementDomain(chainId: bigint) {
  return { name: 'x402 Batch Settlement', version: '1', chainId, verifyingContract: settlementAddress };
}
