import { wireLimits } from '../../../protocol/wire/limits.ts';
import { receiptFrameCodec } from '../../../protocol/wire/receipt-messages.ts';
import { toRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import type { ProtocolDefinition } from '../protocol-host.ts';

export const receiptProtocol: ProtocolDefinition = {
  id: '/hearth/receipt/1',
  maxFrameBytes: wireLimits.receiptFrame,
  // After an outage a requester brings several at once. Each costs a signature check and a durable write.
  perPeer: { count: 20, windowMs: 10_000 },
  total: { count: 20, windowMs: 1_000 },
  maxStreams: 2,
  timeoutMs: 10_000,
  encodeRefusal: (refusal) => receiptFrameCodec.encode({ type: 'refuse', body: toRefusalMessage(refusal) }),
};
