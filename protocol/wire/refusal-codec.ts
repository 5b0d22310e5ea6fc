import type { Refusal } from '../errors.ts';
import { type CodecType, messageCodec } from './codec.ts';
import { optionalUint64Field, textField } from './fields.ts';
import { wireLimits } from './limits.ts';

/** A typed "no": a code, a whole sentence, and the two numbers where there are any, in the unit the sentence names. */
export const refusalCodec = messageCodec({
  code: textField(1, wireLimits.code, { required: true }),
  message: textField(2, wireLimits.sentence),
  needed: optionalUint64Field(3),
  available: optionalUint64Field(4),
});

export type RefusalMessage = CodecType<typeof refusalCodec>;

function fits(value: bigint | undefined): bigint | undefined {
  return value !== undefined && value >= 0n && value >> 64n === 0n ? value : undefined;
}

/** Cuts the sentence to what the wire takes, and drops numbers it cannot carry. */
export function toRefusalMessage(refusal: Refusal): RefusalMessage {
  return {
    code: refusal.code.slice(0, wireLimits.code),
    // A character is at most three bytes of UTF-8 per UTF-16 unit; half a pair at the cut is replaced.
    message: refusal.message.slice(0, Math.floor(wireLimits.sentence / 3)).toWellFormed(),
    needed: fits(refusal.needed),
    available: fits(refusal.available),
  };
}

export function fromRefusalMessage(message: RefusalMessage): Refusal {
  return {
    ok: false,
    code: message.code,
    message: message.message,
    ...(message.needed === undefined ? {} : { needed: message.needed }),
    ...(message.available === undefined ? {} : { available: message.available }),
  };
}
