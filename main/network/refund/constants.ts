import { refundFrameCodec } from '../../../protocol/wire/refund-messages.ts';
import { toRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import { wireLimits } from '../../../protocol/wire/limits.ts';
import type { ProtocolDefinition } from '../protocol-host.ts';

export const refundProtocol: ProtocolDefinition = {
  id: '/hearth/refund/1',
  maxFrameBytes: wireLimits.receiptFrame,
  // Each one that succeeds is a transaction at the receiver's gas.
  perPeer: { count: 4, windowMs: 3_600_000 },
  total: { count: 20, windowMs: 3_600_000 },
  maxStreams: 1,
  // The answer comes when the transaction is mined.
  timeoutMs: 120_000,
  encodeRefusal: (refusal) => refundFrameCodec.encode({ type: 'refuse', body: toRefusalMessage(refusal) }),
};
