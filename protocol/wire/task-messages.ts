/** Frames of one task's stream, see docs/protocol.md for who sends which when. */
import { type CodecType, type FrameOf, messageCodec, messageField, unionCodec } from './codec.ts';
import { bytesField, choiceField, hexField, textField, uint32Field, uint64Field } from './fields.ts';
import { wireLimits } from './limits.ts';
import { agreementCodec, channelConfigCodec, receiptCodec, taskResultCodec, voucherCodec } from './money-codecs.ts';
import { refusalCodec } from './refusal-codec.ts';

/** Requester: everything the provider needs to begin. `task` holds canonical task bytes. */
export const startCodec = messageCodec({
  agreement: messageField(1, agreementCodec, 1024),
  requesterSignature: hexField(2, wireLimits.signature),
  channel: messageField(3, channelConfigCodec, 512),
  task: bytesField(4, wireLimits.task),
  voucher: messageField(5, voucherCodec, 256),
});

/** Provider: the agreement is signed and on its disk. */
export const acceptCodec = messageCodec({ providerSignature: hexField(1, wireLimits.signature) });

/** Provider, while nothing else can be sent (a model loads, a pass runs): the requester's read deadline starts anew. */
export const progressCodec = messageCodec({
  activity: choiceField(1, ['loading', 'computing', 'recovering'] as const),
});

/** Provider: one chunk, or its first part where the payload is longer than one frame carries. */
export const chunkCodec = messageCodec({
  sequence: uint32Field(1),
  units: uint64Field(2),
  payloadSizeBytes: uint32Field(3, { maximum: wireLimits.chunkPayload }),
  payload: bytesField(4, wireLimits.chunkPart),
});

export const chunkPartCodec = messageCodec({
  sequence: uint32Field(1),
  payload: bytesField(2, wireLimits.chunkPart),
});

export const cancelReasons = ['user', 'deadline', 'bad-result', 'worker-failed', 'protocol'] as const;
export const cancelCodec = messageCodec({
  reason: choiceField(1, cancelReasons),
  message: textField(2, wireLimits.reason),
});

export const signedResultCodec = messageCodec({
  result: messageField(1, taskResultCodec, 512),
  signature: hexField(2, wireLimits.signature),
});

export const signedReceiptCodec = messageCodec({
  receipt: messageField(1, receiptCodec, 256),
  signature: hexField(2, wireLimits.signature),
});

export const taskFrameCodec = unionCodec({
  start: messageField(1, startCodec, wireLimits.taskFrame),
  accept: messageField(2, acceptCodec, 128),
  refuse: messageField(3, refusalCodec, 1024),
  progress: messageField(4, progressCodec, 64),
  chunk: messageField(5, chunkCodec, wireLimits.chunkPart + 64),
  chunkPart: messageField(6, chunkPartCodec, wireLimits.chunkPart + 64),
  voucher: messageField(7, voucherCodec, 256),
  cancel: messageField(8, cancelCodec, 512),
  result: messageField(9, signedResultCodec, 1024),
  receipt: messageField(10, signedReceiptCodec, 512),
  receiptStored: messageField(11, messageCodec({}), 64),
  ping: messageField(12, messageCodec({ nonce: uint64Field(1) }), 64),
  pong: messageField(13, messageCodec({ nonce: uint64Field(1) }), 64),
});

export type TaskFrame = FrameOf<typeof taskFrameCodec>;
export type Start = CodecType<typeof startCodec>;
export type CancelReason = (typeof cancelReasons)[number];
export type SignedResult = CodecType<typeof signedResultCodec>;
export type SignedReceiptMessage = CodecType<typeof signedReceiptCodec>;
