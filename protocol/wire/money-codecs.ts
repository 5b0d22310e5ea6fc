/** Agreement, channel, voucher, result and receipt as they travel. Field names are those of the EIP-712 structures. */
import { messageCodec } from './codec.ts';
import { amountField, choiceField, hexField, textField, uint32Field, uint64Field } from './fields.ts';
import { wireLimits } from './limits.ts';

export const numericProfiles = ['strict', 'f32', 'f16'] as const;
export const taskOutcomes = ['complete', 'handed-back', 'cancelled'] as const;
export const verdicts = ['verified', 'accepted', 'partial', 'rejected'] as const;

/** Unix seconds up to the year 9999: far below where a double loses an integer. */
export const timeLimit = 253_402_300_799n;

export const agreementCodec = messageCodec({
  agreementId: hexField(1, 32),
  requester: hexField(2, 20),
  provider: hexField(3, 20),
  channelId: hexField(4, 32),
  taskHash: hexField(5, 32),
  inputHash: hexField(6, 32),
  shaderSetHash: hexField(7, 32),
  numericProfile: choiceField(8, numericProfiles),
  pricePerMillionUnits: amountField(9),
  maxUnits: uint64Field(10),
  chunkUnits: uint64Field(11),
  startBy: uint64Field(12, timeLimit),
  finishBy: uint64Field(13, timeLimit),
});

export const channelConfigCodec = messageCodec({
  payer: hexField(1, 20),
  payerAuthorizer: hexField(2, 20),
  receiver: hexField(3, 20),
  receiverAuthorizer: hexField(4, 20),
  token: hexField(5, 20),
  withdrawDelay: uint32Field(6, { minimum: 900, maximum: 2_592_000 }),
  salt: hexField(7, 32),
});

/**
 * `acknowledged`: how many chunks the requester has; 0 in a Start. `coveredUnits`: units of this task that are covered in
 * total; the cumulative amount covers those of the channel's other tasks as well. The channel is the agreement's.
 */
export const voucherCodec = messageCodec({
  cumulative: amountField(1),
  signature: hexField(2, wireLimits.signature),
  acknowledged: uint32Field(3),
  coveredUnits: uint64Field(4),
});

export const taskResultCodec = messageCodec({
  agreementHash: hexField(1, 32),
  resultHash: hexField(2, 32),
  units: uint64Field(3),
  amountDue: amountField(4),
  outcome: choiceField(5, taskOutcomes),
  adapterClass: textField(6, wireLimits.adapterClass),
  finishedAt: uint64Field(7, timeLimit),
});

export const receiptCodec = messageCodec({
  agreementHash: hexField(1, 32),
  resultHash: hexField(2, 32),
  units: uint64Field(3),
  amountDue: amountField(4),
  verdict: choiceField(5, verdicts),
  issuedAt: uint64Field(6, timeLimit),
});

export const identityBindingCodec = messageCodec({
  peerId: textField(1, wireLimits.peerId, { required: true }),
  wallet: hexField(2, 20),
  issuedAt: uint64Field(3, timeLimit),
  expiresAt: uint64Field(4, timeLimit),
  nonce: hexField(5, 32),
});
