import { wireLimits } from '../../../protocol/wire/limits.ts';
import { quoteFrameCodec } from '../../../protocol/wire/quote-messages.ts';
import { toRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import type { ProtocolDefinition } from '../protocol-host.ts';

export const quoteProtocol: ProtocolDefinition = {
  id: '/hearth/quote/1',
  maxFrameBytes: wireLimits.quoteFrame,
  // A gateway asks once per answer it serves. A quote costs us no signature and no write.
  perPeer: { count: 40, windowMs: 10_000 },
  total: { count: 100, windowMs: 1_000 },
  maxStreams: 8,
  timeoutMs: 10_000,
  encodeRefusal: (refusal) => quoteFrameCodec.encode({ type: 'refuse', body: toRefusalMessage(refusal) }),
};
