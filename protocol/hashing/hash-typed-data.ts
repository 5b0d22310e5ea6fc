import { type TypedDataDomain, TypedDataEncoder, type TypedDataField, concat, keccak256 } from 'ethers';
import type { Hex } from '../agreement.ts';

export type TypedDataTypes = Record<string, TypedDataField[]>;

const encoders = new WeakMap<TypedDataTypes, TypedDataEncoder>();
const domainSeparators = new Map<string, string>();

/**
 * The EIP-712 digest of a structure. A type list is analysed once and a domain hashed once: with every voucher anew they would
 * take longer than the voucher. Domains are those of this node's chains and tokens, so that few are kept.
 */
export function hashTypedData(domain: TypedDataDomain, types: TypedDataTypes, value: object): Hex {
  let encoder = encoders.get(types);
  if (encoder === undefined) encoders.set(types, (encoder = TypedDataEncoder.from(types)));
  const key = Object.entries(domain).join('\n');
  let separator = domainSeparators.get(key);
  if (separator === undefined) domainSeparators.set(key, (separator = TypedDataEncoder.hashDomain(domain)));
  return keccak256(concat(['0x1901', separator, encoder.hash(value)])) as Hex;
}
