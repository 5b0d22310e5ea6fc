import type { Refusal } from '../../../protocol/errors.ts';
import type { Refunded, RefundRequest } from '../../../protocol/wire/refund-messages.ts';
import type { Hello } from '../hello/index.ts';
import type { ProtocolHost } from '../protocol-host.ts';
import type { CallOptions, KnownPeer } from '../types.ts';
import { RefundService } from './refund.ts';

export type RefundAnswer = ({ readonly ok: true } & Refunded) | Refusal;

export interface RefundComponents {
  readonly host: ProtocolHost;
  readonly hello: Hello;
  readonly answer: (peer: KnownPeer, request: RefundRequest) => Promise<RefundAnswer>;
}

/** Asks the receiver of a channel for what is left of its deposit: `await refunds.request(peerId, { channelId, amount })`. */
export interface RefundRequests {
  start(): Promise<void>;
  request(peerId: string, request: RefundRequest, options?: CallOptions): Promise<RefundAnswer>;
}

export function createRefundRequests(components: RefundComponents): RefundRequests {
  return new RefundService(components);
}
