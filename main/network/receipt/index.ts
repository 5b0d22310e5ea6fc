import type { Refusal } from '../../../protocol/errors.ts';
import type { SignedReceiptMessage } from '../../../protocol/wire/task-messages.ts';
import type { Hello } from '../hello/index.ts';
import type { ProtocolHost } from '../protocol-host.ts';
import type { CallOptions, KnownPeer } from '../types.ts';
import { ReceiptService } from './receipt.ts';

export type ReceiptAnswer = { readonly ok: true } | Refusal;

export interface ReceiptComponents {
  readonly host: ProtocolHost;
  readonly hello: Hello;
  readonly accept: (peer: KnownPeer, message: SignedReceiptMessage) => Promise<ReceiptAnswer>;
}

/** Brings a receipt that could not be handed over in its task's own stream: `await receipts.deliver(peerId, message)`. */
export interface Receipts {
  start(): Promise<void>;
  deliver(peerId: string, message: SignedReceiptMessage, options?: CallOptions): Promise<ReceiptAnswer>;
}

export function createReceipts(components: ReceiptComponents): Receipts {
  return new ReceiptService(components);
}
