import { refundFrameCodec } from '../../../protocol/wire/refund-messages.ts';
import type { RefundRequest } from '../../../protocol/wire/refund-messages.ts';
import { fromRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import { WireError } from '../../../protocol/wire/wire-error.ts';
import { helloRule } from '../hello-rule.ts';
import { NetworkError } from '../network-error.ts';
import type { CallOptions } from '../types.ts';
import { refundProtocol } from './constants.ts';
import type { RefundAnswer, RefundComponents } from './index.ts';

export class RefundService {
  readonly #components: RefundComponents;

  constructor(components: RefundComponents) {
    this.#components = components;
  }

  async start(): Promise<void> {
    const { host, hello, answer } = this.#components;
    const { timeoutMs, encodeRefusal } = refundProtocol;
    await host.handle(refundProtocol, helloRule(hello), async (frames, peerId) => {
      const bytes = await frames.read({ timeoutMs });
      // Closed without a word: no offence, a peer may change its mind.
      if (bytes === null) return;
      const frame = refundFrameCodec.decode(bytes);
      if (frame?.type !== 'request') throw new WireError('MISSING', 'a request is required');
      const peer = hello.known(peerId.toString());
      if (peer === null) return;
      const outcome = await answer(peer, frame.body);
      const reply = outcome.ok ? refundFrameCodec.encode({ type: 'refunded', body: outcome }) : encodeRefusal(outcome);
      await frames.write(reply, { timeoutMs });
    });
  }

  async request(peerId: string, request: RefundRequest, options: CallOptions = {}): Promise<RefundAnswer> {
    const bytes = refundFrameCodec.encode({ type: 'request', body: request });
    const frame = refundFrameCodec.decode(await this.#components.host.exchange(refundProtocol, peerId, bytes, options));
    if (frame?.type === 'refunded') return { ok: true, ...frame.body };
    if (frame?.type === 'refuse') return fromRefusalMessage(frame.body);
    throw new NetworkError('PROTOCOL', `${peerId} answered neither a refund nor a refusal`);
  }
}
