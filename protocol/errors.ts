/** The common form of every error of ours: a stable code, a sentence with the offending value and the limit, and the numbers as data. */
export interface ErrorShape<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
  readonly data?: Readonly<Record<string, string | number | boolean | null>>;
}

/** Base class: each area derives one class and fixes `Code` to its union. Crosses boundaries as `toShape()`. */
export class HearthError<Code extends string = string> extends Error {
  readonly code: Code;
  readonly data: Readonly<Record<string, string | number | boolean | null>>;

  constructor(code: Code, message: string, options: { data?: ErrorShape['data']; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.data = options.data ?? {};
  }

  toShape(): ErrorShape<Code> {
    return { code: this.code, message: this.message, data: this.data };
  }
}

/** An expected "no": a value, not an exception. `needed` and `available` are in the unit the sentence names. */
export interface Refusal<Code extends string = string> {
  readonly ok: false;
  readonly code: Code;
  readonly message: string;
  readonly needed?: bigint;
  readonly available?: bigint;
}

export function refuse<Code extends string>(
  code: Code,
  message: string,
  numbers: { needed?: bigint; available?: bigint } = {},
): Refusal<Code> {
  return { ok: false, code, message, ...numbers };
}

/** The words of whatever was thrown. A stream that closes may reject with an event that only carries its error. */
export function errorText(error: unknown): string {
  if (error instanceof Error) return error.message;
  if (typeof error === 'object' && error !== null) {
    if ('error' in error && error.error instanceof Error) return error.error.message;
    if ('type' in error && typeof error.type === 'string') return `the ${error.type} event came first`;
  }
  return String(error);
}
