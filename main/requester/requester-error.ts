import { type ErrorShape, HearthError } from '../../protocol/errors.ts';
import type { ProviderPart } from './types.ts';

export type RequesterErrorCode =
  /** Nobody took the task, or nobody who did could finish it; `refusals` says who answered what. */
  | 'NO_PROVIDER'
  /** A field of the request is outside its limit. */
  | 'BAD_REQUEST'
  | 'CANCELLED';

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
