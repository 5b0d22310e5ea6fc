import { HearthError } from '../../../protocol/errors.ts';

/** What arrives is no part of what was ordered; the message says what is wrong with it. */
export class DeliveryError extends HearthError<'BAD_DELIVERY'> {
  constructor(message: string) {
    super('BAD_DELIVERY', message);
  }
}

export interface Finding {
  /** `accepted`: nothing was wrong as far as could be seen without computing. */
  readonly verdict: 'verified' | 'accepted' | 'rejected';
  readonly detail: string;
}

/** Takes the chunks of one agreement: decodes, checks, keeps. */
export interface Delivery {
  /** @throws DeliveryError or WireError when the payload is not the next part of the task. */
  accept(payload: Uint8Array<ArrayBuffer>, units: bigint): { readonly isLast: boolean };
  /** What a check that runs beside the stream has found wrong so far. Nothing more is paid for once it is set. */
  readonly fault: string | null;
  /** Ends all checks and says what came of them. Called once, also after a loss. */
  finish(signal: AbortSignal): Promise<Finding>;
}
