import { type CodecType, type FrameOf, messageCodec, messageField, unionCodec } from './codec.ts';
import { amountField, hexField } from './fields.ts';
import { refusalCodec } from './refusal-codec.ts';

/** Payer: give back what is left of the channel's deposit. `amount` 0: everything that is neither claimed nor promised. */
export const refundRequestCodec = messageCodec({ channelId: hexField(1, 32), amount: amountField(2) });

/** Receiver: mined; what went back to the payer. */
export const refundedCodec = messageCodec({ amount: amountField(1), transactionHash: hexField(2, 32) });

export const refundFrameCodec = unionCodec({
  request: messageField(1, refundRequestCodec, 128),
  refunded: messageField(2, refundedCodec, 128),
  refuse: messageField(3, refusalCodec, 1024),
});

export type RefundFrame = FrameOf<typeof refundFrameCodec>;
export type RefundRequest = CodecType<typeof refundRequestCodec>;
export type Refunded = CodecType<typeof refundedCodec>;
