/**
 * One field of a message: its number, how it is written, and every limit it is read under. Semantics are proto3's:
 * ascending ids, zero and empty values are not written, repeated numbers are packed. So a stock protobuf library writes
 * the same bytes, and the encoding is canonical.
 */
import { getBytes, hexlify, toUtf8Bytes, toUtf8String } from 'ethers';
import type { Hex } from '../agreement.ts';
import type { WireReader } from './reader.ts';
import { WireError } from './wire-error.ts';
import type { WireWriter } from './writer.ts';

export const wireTypes = { varint: 0, lengthDelimited: 2 } as const;

export interface Field<T> {
  readonly id: number;
  readonly wireType: 0 | 2;
  /** Repeated fields occur many times; any other field at most once. */
  readonly isRepeated: boolean;
  /** Writes tag and value, or nothing for the default. @throws WireError when the value breaks the field's limits. */
  write(writer: WireWriter, value: T): void;
  /** Reads one occurrence; `previous` is what earlier occurrences of a repeated field gave. */
  read(reader: WireReader, previous: T | undefined): T;
  /** The default where the field did not occur. @throws WireError MISSING where there is none. */
  absent(): T;
}

interface NumberRange {
  readonly minimum?: number;
  readonly maximum?: number;
}

function checkRange(value: number, { minimum = 0, maximum = 0xffff_ffff }: NumberRange): number {
  if (!Number.isInteger(value) || value < minimum || value > maximum) {
    throw new WireError('OUT_OF_RANGE', `${value} is not between ${minimum} and ${maximum}`);
  }
  return value;
}

export function uint32Field(id: number, range: NumberRange = {}): Field<number> {
  return {
    id,
    wireType: wireTypes.varint,
    isRepeated: false,
    write(writer, value) {
      if (checkRange(value, range) === 0) return;
      writer.tag(id, wireTypes.varint);
      writer.uint32(value);
    },
    read: (reader) => checkRange(reader.uint32(), range),
    absent: () => checkRange(0, range),
  };
}

export function uint64Field(id: number, maximum = 0xffff_ffff_ffff_ffffn): Field<bigint> {
  const check = (value: bigint) => {
    if (value < 0n || value > maximum) {
      throw new WireError('OUT_OF_RANGE', `${value} is not between 0 and ${maximum}`);
    }
    return value;
  };
  return {
    id,
    wireType: wireTypes.varint,
    isRepeated: false,
    write(writer, value) {
      if (check(value) === 0n) return;
      writer.tag(id, wireTypes.varint);
      writer.uint64(value);
    },
    read: (reader) => check(reader.uint64()),
    absent: () => 0n,
  };
}

export function booleanField(id: number): Field<boolean> {
  const inner = uint32Field(id, { maximum: 1 });
  return {
    ...inner,
    write: (writer, value) => inner.write(writer, value ? 1 : 0),
    read: (reader) => inner.read(reader, undefined) === 1,
    absent: () => false,
  };
}

/** A word of a fixed list, sent as its place in it, counted from 1. */
export function choiceField<Choice extends string>(id: number, choices: readonly Choice[]): Field<Choice> {
  const inner = uint32Field(id, { minimum: 1, maximum: choices.length });
  return {
    ...inner,
    write: (writer, value) => inner.write(writer, choices.indexOf(value) + 1),
    read(reader) {
      const choice = choices[inner.read(reader, undefined) - 1];
      if (choice === undefined) throw new WireError('OUT_OF_RANGE', `the choice is not one of ${choices.join(', ')}`);
      return choice;
    },
    absent() {
      throw new WireError('MISSING', `one of ${choices.join(', ')} is required`);
    },
  };
}

function lengthDelimited<T>(
  id: number,
  maxBytes: number,
  convert: { toBytes(value: T): Uint8Array; fromBytes(bytes: Uint8Array): T; absent(): T },
): Field<T> {
  return {
    id,
    wireType: wireTypes.lengthDelimited,
    isRepeated: false,
    write(writer, value) {
      const bytes = convert.toBytes(value);
      if (bytes.length > maxBytes) {
        throw new WireError('TOO_LONG', `${bytes.length} bytes exceed the limit of ${maxBytes}`);
      }
      if (bytes.length === 0) return;
      writer.tag(id, wireTypes.lengthDelimited);
      writer.lengthPrefixed(bytes);
    },
    read: (reader) => convert.fromBytes(reader.lengthPrefixed(maxBytes)),
    absent: convert.absent,
  };
}

/** Copies out of the frame, so that a small field does not keep a large frame alive. */
export function bytesField(id: number, maxBytes: number): Field<Uint8Array<ArrayBuffer>> {
  return lengthDelimited<Uint8Array<ArrayBuffer>>(id, maxBytes, {
    toBytes: (value) => value,
    fromBytes: (bytes) => new Uint8Array(bytes),
    absent: () => new Uint8Array(0),
  });
}

export function textField(id: number, maxBytes: number, options: { readonly required?: boolean } = {}): Field<string> {
  return lengthDelimited<string>(id, maxBytes, {
    toBytes(value) {
      // A cheap bound first: UTF-8 is never shorter than the UTF-16 length.
      if (value.length > maxBytes) {
        throw new WireError('TOO_LONG', `${value.length} characters exceed the limit of ${maxBytes} bytes`);
      }
      try {
        return toUtf8Bytes(value);
      } catch {
        throw new WireError('UTF8', 'the text holds half a surrogate pair');
      }
    },
    fromBytes(bytes) {
      try {
        return toUtf8String(bytes);
      } catch {
        throw new WireError('UTF8', 'the bytes are not UTF-8');
      }
    },
    absent() {
      if (options.required === true) throw new WireError('MISSING', 'a text is required');
      return '';
    },
  });
}

/** Exactly `sizeBytes` bytes, as 0x-prefixed lower-case hex. Always required. */
export function hexField(id: number, sizeBytes: number): Field<Hex> {
  return lengthDelimited<Hex>(id, sizeBytes, {
    toBytes(value) {
      const bytes = getBytes(value);
      if (bytes.length !== sizeBytes) {
        throw new WireError('OUT_OF_RANGE', `${bytes.length} bytes are not the ${sizeBytes} required`);
      }
      return bytes;
    },
    fromBytes(bytes) {
      if (bytes.length !== sizeBytes) {
        throw new WireError('OUT_OF_RANGE', `${bytes.length} bytes are not the ${sizeBytes} required`);
      }
      return hexlify(bytes) as Hex;
    },
    absent() {
      throw new WireError('MISSING', `${sizeBytes} bytes are required`);
    },
  });
}

/** A sha256 as 64 hex digits without prefix: how models and scenes are named. */
export function sha256Field(id: number): Field<string> {
  const inner = hexField(id, 32);
  return {
    ...inner,
    write: (writer, value) => inner.write(writer, `0x${value}`),
    read: (reader) => inner.read(reader, undefined).slice(2),
    absent: () => inner.absent(),
  };
}

/** The same where a message may have none. */
export function optionalSha256Field(id: number): Field<string | undefined> {
  const inner = sha256Field(id);
  return {
    ...inner,
    write(writer, value) {
      if (value !== undefined) inner.write(writer, value);
    },
    read: (reader) => inner.read(reader, undefined),
    absent: () => undefined,
  };
}

/** An amount of money up to 128 bits: big-endian bytes without leading zeros; zero is empty. */
export function amountField(id: number): Field<bigint> {
  return lengthDelimited<bigint>(id, 16, {
    toBytes(value) {
      if (value < 0n || value >> 128n !== 0n) throw new WireError('OUT_OF_RANGE', `${value} does not fit 128 bits`);
      const digits = value.toString(16);
      return value === 0n ? new Uint8Array(0) : getBytes(`0x${digits.length % 2 === 0 ? '' : '0'}${digits}`);
    },
    fromBytes(bytes) {
      if (bytes[0] === 0) throw new WireError('OUT_OF_RANGE', 'an amount starts with a zero byte');
      return bytes.length === 0 ? 0n : BigInt(hexlify(bytes));
    },
    absent: () => 0n,
  });
}

/** Numbers up to 32 bits, packed. The count is bounded by the byte length before anything is allocated. */
export function packedUint32Field(id: number, maxCount: number): Field<readonly number[]> {
  return {
    id,
    wireType: wireTypes.lengthDelimited,
    isRepeated: false,
    write(writer, values) {
      if (values.length > maxCount) {
        throw new WireError('TOO_MANY', `${values.length} values exceed the limit of ${maxCount}`);
      }
      if (values.length === 0) return;
      const sizes = values.map((value) => varintSizeBytes(checkRange(value, {})));
      writer.tag(id, wireTypes.lengthDelimited);
      writer.uint32(sizes.reduce((sum, size) => sum + size, 0));
      for (const value of values) writer.uint32(value);
    },
    read(reader) {
      const values: number[] = [];
      const packed = reader.packed(maxCount * 5);
      while (!packed.atEnd) {
        if (values.length >= maxCount) throw new WireError('TOO_MANY', `more than ${maxCount} values`);
        values.push(packed.uint32());
      }
      return values;
    },
    absent: () => [],
  };
}

function varintSizeBytes(value: number): number {
  if (value < 0x80) return 1;
  if (value < 0x4000) return 2;
  if (value < 0x20_0000) return 3;
  return value < 0x1000_0000 ? 4 : 5;
}

/** `undefined` where the field did not occur; also carries a zero, which a plain field cannot tell from absence. */
export function optionalUint64Field(id: number): Field<bigint | undefined> {
  const inner = uint64Field(id);
  return {
    ...inner,
    write(writer, value) {
      if (value === undefined) return;
      writer.tag(id, wireTypes.varint);
      writer.uint64(value);
    },
    read: (reader) => inner.read(reader, undefined),
    absent: () => undefined,
  };
}
