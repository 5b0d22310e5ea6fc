/** Hashes and signatures of the EIP-712 structures, strict enough that what passes here passes on chain. */
import { Signature, TypedDataEncoder, recoverAddress } from 'ethers';
import type { TypedDataDomain, TypedDataField } from 'ethers';
import type { Hex } from '../../protocol/agreement.ts';
import { channelConfigTypes, settlementDomain } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';

export type TypedDataTypes = Record<string, TypedDataField[]>;

export const zeroAddress: Hex = '0x0000000000000000000000000000000000000000';

/** Half of secp256k1's group order: above it, `s` has a twin that signs the same, and OpenZeppelin refuses it. */
const highestLowS = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** A channel is its configuration on one chain: what the contract's getChannelId answers. */
export function channelIdOf(config: ChannelConfig, chainId: bigint): Hex {
  return asHex(TypedDataEncoder.hash(settlementDomain(chainId), channelConfigTypes, config));
}

/** Who signs the channel's vouchers. */
export function voucherSignerOf(config: ChannelConfig): Hex {
  return isSameAddress(config.payerAuthorizer, zeroAddress) ? config.payer : config.payerAuthorizer;
}

export type SignatureCheck = 'valid' | 'malleable' | 'invalid';

/** `malleable`: the right signer, but `s` is in the upper half, so that the same signature exists twice. */
export function checkSignature(
  typed: { domain: TypedDataDomain; types: TypedDataTypes; value: object },
  signature: Hex,
  signer: Hex,
): SignatureCheck {
  // 65 bytes r, s, v with v 27 or 28: the only form the contract takes. Checked before any curve arithmetic.
  const parts = /^0x([0-9a-f]{64})([0-9a-f]{64})(1b|1c)$/i.exec(signature);
  if (parts === null) return 'invalid';
  if (BigInt(`0x${parts[2]}`) > highestLowS) return 'malleable';
  try {
    const digest = TypedDataEncoder.hash(typed.domain, typed.types, typed.value);
    return isSameAddress(recoverAddress(digest, Signature.from(signature)), signer) ? 'valid' : 'invalid';
  } catch {
    // A field out of its range or a point that is not on the curve: no signer at all.
    return 'invalid';
  }
}

export function isSameAddress(left: string, right: string): boolean {
  return left.toLowerCase() === right.toLowerCase();
}

/** For values that ethers types as string but that are hex by construction. */
export function asHex(value: string): Hex {
  if (isHex(value)) return value;
  throw new TypeError(`"${value.slice(0, 80)}" is not 0x-prefixed`);
}

function isHex(value: string): value is Hex {
  return value.startsWith('0x');
}
