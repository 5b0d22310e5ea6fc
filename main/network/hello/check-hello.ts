import type { PeerId } from '@libp2p/interface';
import type { Hex } from '../../../protocol/agreement.ts';
import { refuse, type Refusal } from '../../../protocol/errors.ts';
import {
  type ChainIdentity,
  hashIdentityBinding,
  isSignedBy,
  peerBindingBytes,
} from '../../../protocol/hashing/typed-data.ts';
import { type Hello, protocolVersion } from '../../../protocol/wire/hello-messages.ts';
import type { KnownPeer } from '../types.ts';
import { maxBindingSeconds, maxClockSkewSeconds } from './constants.ts';

export type HelloRefusalCode =
  | 'VERSION'
  | 'CHAIN_MISMATCH'
  | 'CLOCK_SKEW'
  | 'BINDING_PEER'
  | 'BINDING_EXPIRED'
  | 'BINDING_SIGNATURE';

export interface HelloExpectations {
  readonly chain: ChainIdentity;
  readonly token: Hex;
  readonly nowSeconds: bigint;
}

/** Cheap checks first, the two signatures last. `remote` is the peer that the connection itself has proved. */
export async function checkHello(
  hello: Hello,
  remote: PeerId,
  { chain, token, nowSeconds }: HelloExpectations,
): Promise<{ readonly ok: true; readonly peer: KnownPeer } | Refusal<HelloRefusalCode>> {
  const { binding } = hello;
  if (hello.version !== protocolVersion) {
    return refuse('VERSION', `version ${hello.version} is not ${protocolVersion}`, {
      needed: BigInt(protocolVersion),
      available: BigInt(hello.version),
    });
  }
  if (hello.chainId !== chain.chainId || !equal(hello.settlement, chain.settlement) || !equal(hello.token, token)) {
    return refuse('CHAIN_MISMATCH', `chain ${hello.chainId} or its contracts are not those of chain ${chain.chainId}`, {
      needed: chain.chainId,
      available: hello.chainId,
    });
  }
  const skew = hello.clock - nowSeconds;
  if (skew > maxClockSkewSeconds || skew < -maxClockSkewSeconds) {
    return refuse('CLOCK_SKEW', `the clocks differ by ${skew} s, at most ${maxClockSkewSeconds} s are allowed`, {
      needed: maxClockSkewSeconds,
      available: skew < 0n ? -skew : skew,
    });
  }
  if (binding.peerId !== remote.toString()) {
    return refuse('BINDING_PEER', `the binding names ${binding.peerId}, the connection is with ${remote.toString()}`);
  }
  const isCurrent = binding.issuedAt <= nowSeconds + maxClockSkewSeconds && nowSeconds < binding.expiresAt;
  if (!isCurrent || binding.expiresAt - binding.issuedAt > maxBindingSeconds) {
    return refuse(
      'BINDING_EXPIRED',
      `the binding holds from ${binding.issuedAt} to ${binding.expiresAt}, now is ${nowSeconds}`,
    );
  }
  const isWallet = isSignedBy(binding.wallet, hashIdentityBinding(binding, chain), hello.walletSignature);
  if (!isWallet || !(await isSignedByPeer(remote, peerBindingBytes(binding, chain), hello.peerSignature))) {
    return refuse(
      'BINDING_SIGNATURE',
      `wallet ${binding.wallet} and peer ${binding.peerId} do not vouch for each other`,
    );
  }
  return {
    ok: true,
    peer: {
      peerId: binding.peerId,
      wallet: binding.wallet,
      provides: hello.provides,
      name: hello.name,
      adapterClass: hello.adapterClass,
      clockSkewSeconds: Number(skew),
    },
  };
}

function equal(a: Hex, b: Hex): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

async function isSignedByPeer(remote: PeerId, bytes: Uint8Array, signature: Uint8Array): Promise<boolean> {
  try {
    return (await remote.publicKey?.verify(bytes, signature)) === true;
  } catch {
    return false;
  }
}
