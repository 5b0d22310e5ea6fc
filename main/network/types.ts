/** What the rest of the node sees of the network. Peers are named by their libp2p peer id in text. */
import type { Hex } from '../../protocol/agreement.ts';
import type { Refusal } from '../../protocol/errors.ts';
import type { Quote, QuoteRequest } from '../../protocol/wire/quote-messages.ts';
import type { Refunded, RefundRequest } from '../../protocol/wire/refund-messages.ts';
import type { SignedReceiptMessage, TaskFrame } from '../../protocol/wire/task-messages.ts';

/** A connected peer whose hello has been checked: its peer key and its wallet vouch for each other. */
export interface KnownPeer {
  readonly peerId: string;
  readonly wallet: Hex;
  /** Takes tasks. */
  readonly provides: boolean;
  /** For display only, chosen by the peer. */
  readonly name: string;
  readonly adapterClass: string;
  /** Positive when its clock is ahead of ours. */
  readonly clockSkewSeconds: number;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

export interface ReceiveOptions extends CallOptions {
  readonly timeoutMs: number;
}

/** The frames of one task. Malformed and oversized frames end it with an error and count against the peer. */
export interface TaskStream {
  readonly peer: KnownPeer;
  /** Waits while the peer reads slowly, at most the protocol's write deadline. */
  send(frame: TaskFrame): Promise<void>;
  /** The next frame, or null once the peer has closed. @throws NetworkError TIMEOUT, STREAM_LOST; WireError. */
  receive(options: ReceiveOptions): Promise<TaskFrame | null>;
  close(): Promise<void>;
  abort(reason: Error): void;
}

/** Who answers what peers ask. Handlers are only called for peers whose hello has been checked and within their quota. */
export interface NetworkHandlers {
  quote(peer: KnownPeer, request: QuoteRequest): Promise<Quote | Refusal>;
  /** Owns the stream until it returns; whatever it throws aborts the stream and nothing else. */
  task(stream: TaskStream): Promise<void>;
  /** The peer's wallet must be the channel's payer: that is for the handler to check. */
  refund(peer: KnownPeer, request: RefundRequest): Promise<({ readonly ok: true } & Refunded) | Refusal>;
  receipt(peer: KnownPeer, message: SignedReceiptMessage): Promise<{ readonly ok: true } | Refusal>;
}

/** What a peer did wrong. `forgery`: a signature over money that is not the peer's; banned at once. */
export type Offence = 'over-quota' | 'timeout' | 'malformed' | 'forgery';

export interface HearthNetwork {
  readonly peerId: string;
  /** Multiaddrs with our peer id, as others can dial them. */
  addresses(): readonly string[];
  /** Connected and greeted. */
  peers(): readonly KnownPeer[];
  /** Called after every change of `peers()`; returns the function that ends the subscription. */
  onPeersChanged(listener: (peers: readonly KnownPeer[]) => void): () => void;
  /** Dials and greets. @throws NetworkError UNREACHABLE, HELLO_REFUSED. */
  connect(address: string, options?: CallOptions): Promise<KnownPeer>;
  requestQuote(peerId: string, request: QuoteRequest, options?: CallOptions): Promise<Quote | Refusal>;
  openTask(peerId: string, options?: CallOptions): Promise<TaskStream>;
  deliverReceipt(
    peerId: string,
    message: SignedReceiptMessage,
    options?: CallOptions,
  ): Promise<{ readonly ok: true } | Refusal>;
  /** Resolves when the refund is mined. */
  requestRefund(
    peerId: string,
    request: RefundRequest,
    options?: CallOptions,
  ): Promise<({ readonly ok: true } & Refunded) | Refusal>;
  penalise(peerId: string, offence: Offence, detail: string): void;
  stop(): Promise<void>;
}
