import { wireLimits } from '../../../protocol/wire/limits.ts';
import { toRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import { taskFrameCodec } from '../../../protocol/wire/task-messages.ts';
import type { ProtocolDefinition } from '../protocol-host.ts';

export const taskProtocol: ProtocolDefinition = {
  id: '/hearth/task/1',
  maxFrameBytes: wireLimits.taskFrame,
  // Each start costs a signature check and a durable write; a gateway starts a few a second at most.
  perPeer: { count: 20, windowMs: 10_000 },
  total: { count: 20, windowMs: 1_000 },
  maxStreams: 8,
  // For a write: how long a peer may leave its window closed before the task counts as lost.
  timeoutMs: 30_000,
  encodeRefusal: (refusal) => taskFrameCodec.encode({ type: 'refuse', body: toRefusalMessage(refusal) }),
};

/** A provider that computes says so at least this often. */
export const progressEveryMs = 2_000;
/** A requester that hears nothing for this long gives the provider up. Seven missed beats. */
export const silenceMs = 15_000;
/** The first frame after the stream opened, and the voucher after a chunk: both need no more than a signature. */
export const startWithinMs = 10_000;
export const voucherWithinMs = 30_000;
/** The receipt after the result: a re-check of the whole answer may come between. */
export const receiptWithinMs = 120_000;
/** Frames of kinds we do not know, in a row, before the peer counts as noise. */
export const maxUnknownFrames = 16;
