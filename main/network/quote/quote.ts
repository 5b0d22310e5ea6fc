import type { Refusal } from '../../../protocol/errors.ts';
import { type Quote, quoteFrameCodec, type QuoteRequest } from '../../../protocol/wire/quote-messages.ts';
import { fromRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import { WireError } from '../../../protocol/wire/wire-error.ts';
import type { FrameStream } from '../frame-stream.ts';
import { helloRule } from '../hello-rule.ts';
import { NetworkError } from '../network-error.ts';
import type { CallOptions, KnownPeer } from '../types.ts';
import { quoteProtocol } from './constants.ts';
import type { QuoteComponents } from './index.ts';

export class QuoteService {
  readonly #components: QuoteComponents;

  constructor(components: QuoteComponents) {
    this.#components = components;
  }

  async start(): Promise<void> {
    const { host, hello } = this.#components;
    await host.handle(quoteProtocol, helloRule(hello), async (frames, peerId) => {
      const peer = hello.known(peerId.toString());
      if (peer !== null) await this.#answer(frames, peer);
    });
  }

  async #answer(frames: FrameStream, peer: KnownPeer): Promise<void> {
    const { timeoutMs, encodeRefusal } = quoteProtocol;
    const bytes = await frames.read({ timeoutMs });
    // Closed without a word: no offence, a peer may change its mind.
    if (bytes === null) return;
    const frame = quoteFrameCodec.decode(bytes);
    if (frame?.type !== 'request') throw new WireError('MISSING', 'a quote request is required');
    const answer = await this.#components.answer(peer, frame.body);
    const reply = 'ok' in answer ? encodeRefusal(answer) : quoteFrameCodec.encode({ type: 'quote', body: answer });
    await frames.write(reply, { timeoutMs });
  }

  async request(peerId: string, request: QuoteRequest, options: CallOptions = {}): Promise<Quote | Refusal> {
    const answer = await this.#ask(peerId, request, options);
    // Our binding ran out on the other side, or it forgot us: introduce ourselves again, once.
    if (!('ok' in answer) || answer.code !== 'NO_HELLO') return answer;
    await this.#components.hello.greet(peerId, options);
    return this.#ask(peerId, request, options);
  }

  async #ask(peerId: string, request: QuoteRequest, options: CallOptions): Promise<Quote | Refusal> {
    const bytes = quoteFrameCodec.encode({ type: 'request', body: request });
    const frame = quoteFrameCodec.decode(await this.#components.host.exchange(quoteProtocol, peerId, bytes, options));
    if (frame?.type === 'refuse') return fromRefusalMessage(frame.body);
    if (frame?.type !== 'quote') throw new NetworkError('PROTOCOL', `${peerId} answered neither a quote nor a refusal`);
    return frame.body;
  }
}
