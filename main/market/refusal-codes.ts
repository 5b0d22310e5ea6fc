import type { PaymentRefusalCode } from '../payment/types.ts';

/** Every way a provider says no to a task, before or at its start. Stable: scripts hold on to them. */
export type TaskRefusalCode =
  | 'UNKNOWN_MODEL'
  | 'UNKNOWN_SCENE'
  | 'UNKNOWN_ENVIRONMENT'
  /** The scene cannot be read; the sentence names the field. */
  | 'BAD_SCENE'
  | 'TOO_LARGE'
  | 'PRICE_TOO_LOW'
  | 'BUSY'
  /** The owner or the node's state; the sentence says which. */
  | 'NOT_ACCEPTING'
  | 'SHADER_SET'
  | 'NO_QUOTE'
  | 'AGREEMENT_MISMATCH'
  | 'AGREEMENT_SIGNATURE'
  | 'DEADLINE'
  | 'PROTOCOL'
  /** From the protocol host and the hello. */
  | 'RATE'
  | 'NO_HELLO'
  | 'CHAIN_MISMATCH'
  | PaymentRefusalCode;
