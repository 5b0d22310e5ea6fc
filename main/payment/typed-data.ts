/** Hashes and signatures of the EIP-712 structures, strict enough that what passes here passes on chain. */
import { dataSlice, getBytes, keccak256 } from 'ethers';
import type { TypedDataDomain } from 'ethers';
import { recover } from 'tiny-secp256k1';
import type { Hex } from '../../protocol/agreement.ts';
import { hashTypedData } from '../../protocol/hashing/hash-typed-data.ts';
import type { TypedDataTypes } from '../../protocol/hashing/hash-typed-data.ts';
import { channelConfigTypes, settlementDomain } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';

export const zeroAddress: Hex = '0x0000000000000000000000000000000000000000';

/** Half of secp256k1's group order: above it, `s` has a twin that signs the same, and OpenZeppelin refuses it. */
const highestLowS = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0n;

/** A channel is its configuration on one chain: what the contract's getChannelId answers. */
export function channelIdOf(config: ChannelConfig, chainId: bigint): Hex {
  return hashTypedData(settlementDomain(chainId), channelConfigTypes, config);
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
    const digest = hashTypedData(typed.domain, typed.types, typed.value);
    const signedBy = recoverSigner(digest, signature);
    return signedBy !== null && isSameAddress(signedBy, signer) ? 'valid' : 'invalid';
  } catch {
    // A field out of its range, or numbers that are no signature at all.
    return 'invalid';
  }
}

/**
 * The address that made r, s, v over the digest; null when r is no point of the curve. By libsecp256k1: the curve in
 * JavaScript takes four times as long, and was half of what a voucher costs (ADR 44).
 */
function recoverSigner(digest: Hex, signature: Hex): Hex | null {
  const bytes = getBytes(signature);
  const isOdd = bytes[64] === 28;
  const publicKey = recover(getBytes(digest), bytes.subarray(0, 64), isOdd ? 1 : 0, false);
  return publicKey && asHex(dataSlice(keccak256(publicKey.subarray(1)), 12));
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
