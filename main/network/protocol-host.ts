/** What every protocol of ours has in common: quotas, the hello rule, penalties, and errors that end one stream only. */
import type { Connection, Libp2p, PeerId, Stream } from '@libp2p/interface';
import { peerIdFromString } from '@libp2p/peer-id';
import { errorText, refuse, type Refusal } from '../../protocol/errors.ts';
import { WireError } from '../../protocol/wire/wire-error.ts';
import { FrameStream } from './frame-stream.ts';
import { NetworkError } from './network-error.ts';
import type { PeerPenalties } from './peer-penalties.ts';
import { createRateLimiter, type Quota, type RateLimiter } from './rate-limiter.ts';
import type { CallOptions, Offence } from './types.ts';

export interface ProtocolDefinition {
  readonly id: string;
  readonly maxFrameBytes: number;
  readonly perPeer: Quota;
  readonly total: Quota;
  /** Open at the same time, per connection. */
  readonly maxStreams: number;
  /** Every write and every answer. */
  readonly timeoutMs: number;
  /** A refusal in this protocol's own frame. */
  encodeRefusal(refusal: Refusal): Uint8Array;
}

export type InboundHandler = (frames: FrameStream, peerId: PeerId) => Promise<void>;

export interface ProtocolHostComponents {
  readonly libp2p: Libp2p;
  readonly penalties: PeerPenalties;
  readonly log: (sentence: string) => void;
}

export class ProtocolHost {
  readonly #libp2p: Libp2p;
  readonly #penalties: PeerPenalties;
  readonly #log: (sentence: string) => void;

  constructor(components: ProtocolHostComponents) {
    this.#libp2p = components.libp2p;
    this.#penalties = components.penalties;
    this.#log = components.log;
  }

  /** `mayAsk` is asked after the quota: null, or why this peer gets no answer yet. */
  async handle(
    definition: ProtocolDefinition,
    mayAsk: (peerId: PeerId) => Refusal | null,
    handler: InboundHandler,
  ): Promise<void> {
    const limiter = createRateLimiter(definition);
    await this.#libp2p.handle(
      definition.id,
      (stream, connection) => this.#answer(definition, limiter, mayAsk, handler, stream, connection),
      { maxInboundStreams: definition.maxStreams, maxOutboundStreams: definition.maxStreams },
    );
  }

  async #answer(
    definition: ProtocolDefinition,
    limiter: RateLimiter,
    mayAsk: (peerId: PeerId) => Refusal | null,
    handler: InboundHandler,
    stream: Stream,
    connection: Connection,
  ): Promise<void> {
    const peerId = connection.remotePeer;
    const name = peerId.toString();
    const frames = new FrameStream(stream, definition.maxFrameBytes);
    try {
      const withinQuota = limiter.allow(name);
      const refusal = withinQuota
        ? mayAsk(peerId)
        : refuse('RATE', `more than ${definition.perPeer.count} requests in ${definition.perPeer.windowMs} ms`);
      if (refusal !== null) {
        if (!withinQuota) this.penalise(name, 'over-quota', definition.id);
        await frames.write(definition.encodeRefusal(refusal), { timeoutMs: definition.timeoutMs });
      } else {
        await handler(frames, peerId);
      }
      await frames.close(definition.timeoutMs);
    } catch (error) {
      this.countAgainst(name, definition.id, error);
      frames.abort(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** @throws NetworkError UNREACHABLE when the peer is not connected or does not speak the protocol. */
  async open(definition: ProtocolDefinition, peerId: string, { signal }: CallOptions = {}): Promise<FrameStream> {
    const timeout = AbortSignal.timeout(definition.timeoutMs);
    try {
      const connection = this.#libp2p.getConnections(peerIdFromString(peerId))[0];
      if (connection === undefined) throw new Error('it is not connected');
      const stream = await connection.newStream(definition.id, {
        signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
        maxOutboundStreams: 64,
      });
      return new FrameStream(stream, definition.maxFrameBytes);
    } catch (error) {
      signal?.throwIfAborted();
      const reason = errorText(error);
      throw new NetworkError('UNREACHABLE', `${peerId} does not answer ${definition.id}: ${reason}`, {
        data: { peerId },
        cause: error,
      });
    }
  }

  /** Sends one frame and reads one. */
  async exchange(
    definition: ProtocolDefinition,
    peerId: string,
    request: Uint8Array,
    options: CallOptions = {},
  ): Promise<Uint8Array> {
    const frames = await this.open(definition, peerId, options);
    try {
      await frames.write(request, { timeoutMs: definition.timeoutMs, ...options });
      const reply = await frames.read({ timeoutMs: definition.timeoutMs, ...options });
      if (reply === null) throw new NetworkError('STREAM_LOST', `${peerId} closed ${definition.id} without an answer`);
      await frames.close(definition.timeoutMs);
      return reply;
    } catch (error) {
      frames.abort(error instanceof Error ? error : new Error(String(error)));
      this.countAgainst(peerId, definition.id, error);
      throw error;
    }
  }

  /** An error of the peer's making costs it points; one of ours or of the line does not. */
  countAgainst(peerId: string, protocol: string, error: unknown): void {
    const detail = `${protocol}: ${errorText(error)}`;
    if (error instanceof WireError) this.penalise(peerId, 'malformed', detail);
    else if (error instanceof NetworkError && error.code === 'TIMEOUT') this.penalise(peerId, 'timeout', detail);
    else this.#log(`${peerId}: ${detail}`);
  }

  penalise(peerId: string, offence: Offence, detail: string): void {
    const consequence = this.#penalties.add(peerId, offence);
    this.#log(`${peerId}: ${offence} (${detail})${consequence === 'none' ? '' : `, ${consequence}`}`);
    if (consequence === 'none') return;
    this.#libp2p.hangUp(peerIdFromString(peerId)).catch((error: unknown) => {
      this.#log(`${peerId}: hanging up failed: ${errorText(error)}`);
    });
  }
}
