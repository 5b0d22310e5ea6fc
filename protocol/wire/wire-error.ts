import { HearthError } from '../errors.ts';

export type WireErrorCode =
  /** The bytes end inside a field. */
  | 'TRUNCATED'
  /** A varint is longer than its type allows. */
  | 'VARINT'
  | 'WIRE_TYPE'
  | 'TOO_LONG'
  | 'TOO_MANY'
  | 'OUT_OF_RANGE'
  | 'MISSING'
  | 'DUPLICATE'
  | 'UTF8'
  | 'FRAME_TOO_LARGE';

/** A message that breaks the protocol. `data.field` is the path, for example "start.agreement.maxUnits". */
export class WireError extends HearthError<WireErrorCode> {
  readonly field: string;
  readonly reason: string;

  constructor(code: WireErrorCode, reason: string, field = '') {
    super(code, field === '' ? reason : `${field}: ${reason}`, { data: { field } });
    this.field = field;
    this.reason = reason;
  }

  /** The same error seen from one level further out. */
  within(name: string): WireError {
    return new WireError(this.code, this.reason, this.field === '' ? name : `${name}.${this.field}`);
  }
}
