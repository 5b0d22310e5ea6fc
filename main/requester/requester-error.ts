import { type ErrorShape, HearthError } from '../../protocol/errors.ts';
import type { ProviderPart } from './types.ts';

export type RequesterErrorCode =
  /** Nobody took the task, or nobody who did could finish it; `refusals` says who answered what. */
  | 'NO_PROVIDER'
  /** A field of the request is outside its limit. */
  | 'BAD_REQUEST'
  | 'CANCELLED'
  | OwnRefusalCode;

/** What stands in the way is on this side: no other provider would help. */
const ownRefusalCodes = [
  'PRICE_ABOVE_CAP',
  'DEPOSIT_ABOVE_CAP',
  'DEPOSIT_TOO_SMALL',
  'DEPOSIT_FAILED',
  'CHAIN_UNREACHABLE',
] as const;
export type OwnRefusalCode = (typeof ownRefusalCodes)[number];

export function isOwnRefusal(code: string): code is OwnRefusalCode {
  return ownRefusalCodes.some((own) => own === code);
}

/** `parts` were delivered, are receipted and paid, although the whole was not completed. */
export class RequesterError extends HearthError<RequesterErrorCode> {
  readonly parts: readonly ProviderPart[];
  readonly refusals: readonly ErrorShape[];

  constructor(
    code: RequesterErrorCode,
    message: string,
    details: { readonly parts?: readonly ProviderPart[]; readonly refusals?: readonly ErrorShape[] } = {},
  ) {
    super(code, message);
    this.parts = details.parts ?? [];
    this.refusals = details.refusals ?? [];
  }
}
