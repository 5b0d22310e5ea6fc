import type { PrivateKey } from '@libp2p/interface';
import type { Hex } from '../../../protocol/agreement.ts';
import type { ChainIdentity } from '../../../protocol/hashing/typed-data.ts';
import type { Signer } from '../../payment/types.ts';
import type { ProtocolHost } from '../protocol-host.ts';
import type { CallOptions, KnownPeer } from '../types.ts';
import { HelloService } from './hello.ts';

export interface HelloComponents {
  readonly host: ProtocolHost;
  readonly privateKey: PrivateKey;
  readonly peerId: string;
  readonly signer: Pick<Signer, 'address' | 'signBinding'>;
  readonly chain: ChainIdentity;
  readonly token: Hex;
  /** Asked at every hello: what we are may change while we run. */
  readonly describe: () => { readonly provides: boolean; readonly name: string; readonly adapterClass: string };
  readonly nowSeconds: () => bigint;
}

/** Greets peers and remembers who they are: `await hello.greet(peerId)`, then `hello.known(peerId)?.wallet`. */
export interface Hello {
  start(): Promise<void>;
  /** @throws NetworkError HELLO_REFUSED with the other side's or our own reason. */
  greet(peerId: string, options?: CallOptions): Promise<KnownPeer>;
  known(peerId: string): KnownPeer | null;
  peers(): readonly KnownPeer[];
  forget(peerId: string): void;
  onChange(listener: () => void): () => void;
}

export function createHello(components: HelloComponents): Hello {
  return new HelloService(components);
}
