import { wireLimits } from '../../../protocol/wire/limits.ts';
import { helloFrameCodec } from '../../../protocol/wire/hello-messages.ts';
import { toRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import type { ProtocolDefinition } from '../protocol-host.ts';

export const helloProtocol: ProtocolDefinition = {
  id: '/hearth/hello/1',
  maxFrameBytes: wireLimits.helloFrame,
  // One per connection; a script that buys one answer after the other makes one for each. Each costs us two signature checks.
  perPeer: { count: 20, windowMs: 60_000 },
  total: { count: 20, windowMs: 1_000 },
  maxStreams: 2,
  // A check takes milliseconds; the rest is a busy machine.
  timeoutMs: 10_000,
  encodeRefusal: (refusal) => helloFrameCodec.encode({ type: 'refuse', body: toRefusalMessage(refusal) }),
};

/** Clocks may differ by this much; more breaks agreements' deadlines. */
export const maxClockSkewSeconds = 120n;
export const maxBindingSeconds = 30n * 24n * 3600n;
/** Ours live a week and are renewed a day early. */
export const bindingSeconds = 7n * 24n * 3600n;
export const renewBeforeSeconds = 24n * 3600n;
