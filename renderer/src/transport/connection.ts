import type { NodeApi } from '../../../protocol/node-api.ts';

/** `refused`: the token is wrong or missing, and trying again does not help. */
export type ConnectionState = 'connecting' | 'open' | 'lost' | 'refused';

/** A NodeApi and how it fares; snapshots also come unasked after every new connection. */
export interface Connection {
  readonly api: NodeApi;
  onStateChange(listener: (state: ConnectionState) => void): void;
  start(): void;
}
