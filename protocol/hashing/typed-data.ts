/** EIP-712 digests of our structures, and who signed them. Every domain is bound to one chain and one settlement contract. */
import { concat, getBytes, recoverAddress, toUtf8Bytes } from 'ethers';
import {
  type Agreement,
  agreementTypes,
  type Hex,
  hearthDomain,
  type IdentityBinding,
  identityBindingTypes,
  type Receipt,
  receiptTypes,
  type TaskResult,
  taskResultTypes,
} from '../agreement.ts';
import { settlementAddress } from '../x402.ts';
import { type TypedDataTypes, hashTypedData } from './hash-typed-data.ts';

/** Names the chain the money is on; the settlement contract has one address on all of them. */
export interface ChainIdentity {
  readonly chainId: bigint;
  readonly settlement: Hex;
}

export function chainIdentity(chainId: bigint): ChainIdentity {
  return { chainId, settlement: settlementAddress };
}

function digest(chain: ChainIdentity, types: TypedDataTypes, value: object): Hex {
  return hashTypedData(hearthDomain(chain.chainId, chain.settlement), types, value);
}

export function hashAgreement(agreement: Agreement, chain: ChainIdentity): Hex {
  return digest(chain, agreementTypes, agreement);
}

export function hashTaskResult(result: TaskResult, chain: ChainIdentity): Hex {
  return digest(chain, taskResultTypes, result);
}

export function hashReceipt(receipt: Receipt, chain: ChainIdentity): Hex {
  return digest(chain, receiptTypes, receipt);
}

export function hashIdentityBinding(binding: IdentityBinding, chain: ChainIdentity): Hex {
  return digest(chain, identityBindingTypes, binding);
}

/** What the peer key signs: its own words before the digest, so that no other signature of that key can stand in. */
export function peerBindingBytes(binding: IdentityBinding, chain: ChainIdentity): Uint8Array {
  return getBytes(concat([toUtf8Bytes('hearth identity binding 1\n'), hashIdentityBinding(binding, chain)]));
}

/** True when `signature` over `hash` is by `address`; false for any malformed signature. */
export function isSignedBy(address: Hex, hash: Hex, signature: Hex): boolean {
  try {
    return recoverAddress(hash, signature).toLowerCase() === address.toLowerCase();
  } catch {
    return false;
  }
}
