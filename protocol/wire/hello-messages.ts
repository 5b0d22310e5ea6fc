import { type CodecType, messageCodec, messageField, unionCodec } from './codec.ts';
import { booleanField, bytesField, hexField, textField, uint32Field, uint64Field } from './fields.ts';
import { wireLimits } from './limits.ts';
import { identityBindingCodec, timeLimit } from './money-codecs.ts';
import { refusalCodec } from './refusal-codec.ts';

export const protocolVersion = 1;

/** Both sides send one; nothing else is answered before. */
export const helloCodec = messageCodec({
  version: uint32Field(1, { minimum: 1 }),
  chainId: uint64Field(2),
  settlement: hexField(3, 20),
  token: hexField(4, 20),
  binding: messageField(5, identityBindingCodec, 512),
  /** EIP-712, by the wallet in the binding. */
  walletSignature: hexField(6, wireLimits.signature),
  /** Ed25519, by the peer key, over the words of `peerBindingBytes`. */
  peerSignature: bytesField(7, 128),
  /** The sender's clock, unix seconds. */
  clock: uint64Field(8, timeLimit),
  /** True for a node that takes tasks. */
  provides: booleanField(9),
  /** For display only. */
  name: textField(10, wireLimits.name),
  adapterClass: textField(11, wireLimits.adapterClass),
});

export const helloFrameCodec = unionCodec({
  hello: messageField(1, helloCodec, wireLimits.helloFrame),
  refuse: messageField(2, refusalCodec, wireLimits.helloFrame),
});

export type Hello = CodecType<typeof helloCodec>;
