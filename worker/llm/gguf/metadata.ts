import { GgufError, quoteName } from './gguf-error.ts';

export type GgufScalar = number | bigint | boolean | string;

/** 64-bit integers are numbers where exact, else bigint. */
export type GgufEntry =
  | { readonly type: string; readonly value: GgufScalar }
  | { readonly type: 'array'; readonly elementType: string; readonly values: readonly GgufScalar[] };

/** Typed, bounds-checked access to a file's metadata; every failure names the field, the value and the limit. */
export class GgufMetadata {
  readonly #entries: ReadonlyMap<string, GgufEntry>;

  constructor(entries: ReadonlyMap<string, GgufEntry>) {
    this.#entries = entries;
  }

  keys(): string[] {
    return [...this.#entries.keys()];
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  entry(key: string): GgufEntry | undefined {
    return this.#entries.get(key);
  }

  /** An integer in [minimum, maximum]; `fallback` stands in for a missing field, which is otherwise an error. */
  integer(key: string, minimum: number, maximum: number, fallback?: number): number {
    const value = this.#scalar(key, 'an integer', fallback);
    if (typeof value !== 'number' || !Number.isInteger(value)) {
      if (typeof value === 'bigint') throw outOfRange(key, value.toString(), minimum, maximum);
      throw wrongType(key, 'an integer', this.#entries.get(key));
    }
    if (value < minimum || value > maximum) throw outOfRange(key, value, minimum, maximum);
    return value;
  }

  /** A finite number in [minimum, maximum]. */
  float(key: string, minimum: number, maximum: number, fallback?: number): number {
    const value = this.#scalar(key, 'a number', fallback);
    if (typeof value !== 'number') throw wrongType(key, 'a number', this.#entries.get(key));
    if (!(value >= minimum && value <= maximum)) throw outOfRange(key, value, minimum, maximum);
    return value;
  }

  text(key: string, fallback?: string): string {
    const value = this.#scalar(key, 'a string', fallback);
    if (typeof value !== 'string') throw wrongType(key, 'a string', this.#entries.get(key));
    return value;
  }

  flag(key: string, fallback?: boolean): boolean {
    const value = this.#scalar(key, 'a boolean', fallback);
    if (typeof value !== 'boolean') throw wrongType(key, 'a boolean', this.#entries.get(key));
    return value;
  }

  texts(key: string): readonly string[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) throw missing(key);
    if (!('values' in entry) || entry.elementType !== 'string') throw wrongType(key, 'an array of strings', entry);
    return entry.values as readonly string[];
  }

  integers(key: string): readonly number[] {
    const entry = this.#entries.get(key);
    if (entry === undefined) throw missing(key);
    if (!('values' in entry) || !entry.values.every((value) => Number.isInteger(value))) {
      throw wrongType(key, 'an array of integers', entry);
    }
    return entry.values as readonly number[];
  }

  #scalar(key: string, expected: string, fallback: GgufScalar | undefined): GgufScalar {
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      if (fallback !== undefined) return fallback;
      throw missing(key);
    }
    if ('values' in entry) throw wrongType(key, expected, entry);
    return entry.value;
  }
}

function missing(key: string): GgufError {
  return new GgufError('MISSING_FIELD', `metadata field ${quoteName(key)} is missing`, { data: { field: key } });
}

function wrongType(key: string, expected: string, entry: GgufEntry | undefined): GgufError {
  const found = entry === undefined ? 'nothing' : 'values' in entry ? `an array of ${entry.elementType}` : entry.type;
  return new GgufError('WRONG_FIELD_TYPE', `metadata field ${quoteName(key)} must be ${expected}, but is ${found}`, {
    data: { field: key, expected, found },
  });
}

function outOfRange(key: string, value: number | string, minimum: number, maximum: number): GgufError {
  return new GgufError(
    'INVALID_VALUE',
    `metadata field ${quoteName(key)} is ${value}, outside ${minimum}..${maximum}`,
    { data: { field: key, value, minimum, maximum } },
  );
}
