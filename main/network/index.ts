import type { Hex } from '../../protocol/agreement.ts';
import type { Signer } from '../payment/types.ts';
import { startNetwork } from './network.ts';
import type { HearthNetwork, NetworkHandlers } from './types.ts';

export type { HearthNetwork, KnownPeer, NetworkHandlers, TaskStream } from './types.ts';

export interface NetworkOptions {
  /** Holds `peer-key` (mode 0600) and `peer-bans.json`. */
  readonly dataDirectory: string;
  /** Multiaddrs, for example "/ip4/127.0.0.1/tcp/0"; empty for a node that only dials. */
  readonly listen: readonly string[];
  /** Multiaddrs dialled at the start and again whenever they are gone; with or without a peer id. */
  readonly bootstrap?: readonly string[];
  /** Finds nodes on the local network. Off unless told. */
  readonly mdns?: boolean;
}

export interface NetworkComponents {
  readonly signer: Pick<Signer, 'address' | 'signBinding'>;
  readonly chainId: bigint;
  readonly token: Hex;
  /** Asked at every hello. */
  readonly describe: () => { readonly provides: boolean; readonly name: string; readonly adapterClass: string };
  readonly handlers: NetworkHandlers;
  readonly log?: (sentence: string) => void;
  /** Unix milliseconds; only tests give another clock. */
  readonly nowMs?: () => number;
}

/**
 * Starts the node's libp2p and its five protocols.
 *
 * @throws NetworkError PEER_KEY when the key file cannot be used, LISTEN when an address cannot be listened on.
 */
export function createNetwork(components: NetworkComponents, options: NetworkOptions): Promise<HearthNetwork> {
  return startNetwork(components, options);
}
