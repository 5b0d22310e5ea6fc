import { type FrameOf, messageCodec, messageField, unionCodec } from './codec.ts';
import { refusalCodec } from './refusal-codec.ts';
import { signedReceiptCodec } from './task-messages.ts';

/** A receipt brought later, because the provider was gone when the task ended. */
export const receiptFrameCodec = unionCodec({
  deliver: messageField(1, signedReceiptCodec, 512),
  stored: messageField(2, messageCodec({}), 64),
  refuse: messageField(3, refusalCodec, 1024),
});

export type ReceiptFrame = FrameOf<typeof receiptFrameCodec>;
