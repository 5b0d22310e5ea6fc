import { receiptFrameCodec } from '../../../protocol/wire/receipt-messages.ts';
import { fromRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import type { SignedReceiptMessage } from '../../../protocol/wire/task-messages.ts';
import { WireError } from '../../../protocol/wire/wire-error.ts';
import { helloRule } from '../hello-rule.ts';
import { NetworkError } from '../network-error.ts';
import type { CallOptions } from '../types.ts';
import { receiptProtocol } from './constants.ts';
import type { ReceiptAnswer, ReceiptComponents } from './index.ts';

export class ReceiptService {
  readonly #components: ReceiptComponents;

  constructor(components: ReceiptComponents) {
    this.#components = components;
  }

  async start(): Promise<void> {
    const { host, hello, accept } = this.#components;
    const { timeoutMs, encodeRefusal } = receiptProtocol;
    await host.handle(receiptProtocol, helloRule(hello), async (frames, peerId) => {
      const bytes = await frames.read({ timeoutMs });
      // Closed without a word: no offence, a peer may change its mind.
      if (bytes === null) return;
      const frame = receiptFrameCodec.decode(bytes);
      if (frame?.type !== 'deliver') throw new WireError('MISSING', 'a receipt is required');
      const peer = hello.known(peerId.toString());
      if (peer === null) return;
      const answer = await accept(peer, frame.body);
      const reply = answer.ok ? receiptFrameCodec.encode({ type: 'stored', body: {} }) : encodeRefusal(answer);
      await frames.write(reply, { timeoutMs });
    });
  }

  async deliver(peerId: string, message: SignedReceiptMessage, options: CallOptions = {}): Promise<ReceiptAnswer> {
    const bytes = receiptFrameCodec.encode({ type: 'deliver', body: message });
    const frame = receiptFrameCodec.decode(
      await this.#components.host.exchange(receiptProtocol, peerId, bytes, options),
    );
    if (frame?.type === 'stored') return { ok: true };
    if (frame?.type === 'refuse') return fromRefusalMessage(frame.body);
    throw new NetworkError('PROTOCOL', `${peerId} answered neither a confirmation nor a refusal`);
  }
}
