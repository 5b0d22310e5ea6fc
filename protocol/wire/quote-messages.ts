import { taskLimits } from '../tasks.ts';
import { type CodecType, messageCodec, messageField, unionCodec } from './codec.ts';
import {
  amountField,
  choiceField,
  hexField,
  optionalSha256Field,
  sha256Field,
  textField,
  uint32Field,
  uint64Field,
} from './fields.ts';
import { wireLimits } from './limits.ts';
import { numericProfiles, timeLimit } from './money-codecs.ts';
import { refusalCodec } from './refusal-codec.ts';

/** What a provider must know to name a price. The task itself, and with it the prompt, is sent only in Start. */
export const quoteRequestCodec = messageCodec({
  taskHash: hexField(1, 32),
  kind: choiceField(2, ['chat', 'render'] as const),
  inputSha256: sha256Field(3),
  /** Units of the whole task: output tokens, or pixel-samples. */
  units: uint64Field(4),
  /** Canonical size of the task in bytes; for a chat, an upper bound of the prompt. */
  taskBytes: uint32Field(5, { minimum: 1, maximum: wireLimits.task }),
  /** Render: pixels of the largest tile; one sample of it is the smallest chunk. Chat: 0. */
  largestTilePixels: uint32Field(6, { maximum: taskLimits.tileSidePixels ** 2 }),
  shaderSetHash: hexField(7, 32),
  /** Render: the environment the task names beside its scene. */
  environmentSha256: optionalSha256Field(8),
});

export const quoteCodec = messageCodec({
  taskHash: hexField(1, 32),
  provider: hexField(2, 20),
  receiver: hexField(3, 20),
  receiverAuthorizer: hexField(4, 20),
  pricePerMillionUnits: amountField(5),
  maxUnits: uint64Field(6),
  chunkUnits: uint64Field(7),
  numericProfile: choiceField(8, numericProfiles),
  adapterClass: textField(9, wireLimits.adapterClass),
  /** Measured, or zero where this input never ran here. */
  unitsPerThousandSeconds: uint64Field(10),
  expiresAt: uint64Field(11, timeLimit),
});

export const quoteFrameCodec = unionCodec({
  request: messageField(1, quoteRequestCodec, wireLimits.quoteFrame),
  quote: messageField(2, quoteCodec, wireLimits.quoteFrame),
  refuse: messageField(3, refusalCodec, wireLimits.quoteFrame),
});

export type QuoteRequest = CodecType<typeof quoteRequestCodec>;
export type Quote = CodecType<typeof quoteCodec>;
