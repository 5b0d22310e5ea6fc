/** Messages out of fields: a declaration gives the type, the writer and the bounded reader. */
import { WireError } from './wire-error.ts';
import { type Field, wireTypes } from './fields.ts';
import { WireReader } from './reader.ts';
import { WireWriter } from './writer.ts';

export interface Codec<T> {
  /** Canonical: the same value always gives the same bytes. @throws WireError when a value breaks its field's limits. */
  encode(value: T): Uint8Array<ArrayBuffer>;
  /** @throws WireError naming the field. Unknown field ids are skipped. */
  decode(bytes: Uint8Array): T;
}

export type CodecType<C> = C extends Codec<infer T> ? T : never;

type Fields = { readonly [name: string]: Field<unknown> };
type MessageOf<F> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

function named<Result>(name: string, action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    throw error instanceof WireError ? error.within(name) : error;
  }
}

/** Fields are written in ascending order of id, whatever the order of the declaration. */
export function messageCodec<F extends Fields>(fields: F): Codec<MessageOf<F>> {
  const ordered = Object.entries<Field<unknown>>(fields).toSorted(([, a], [, b]) => a.id - b.id);
  const byId = new Map(ordered.map((entry) => [entry[1].id, entry]));
  return {
    encode(value) {
      const writer = new WireWriter();
      for (const [name, field] of ordered) named(name, () => field.write(writer, value[name as keyof typeof value]));
      return writer.finish();
    },
    decode(bytes) {
      const reader = new WireReader(bytes);
      const values: Record<string, unknown> = {};
      while (!reader.atEnd) {
        const tag = reader.uint32();
        const entry = byId.get(tag >>> 3);
        if (entry === undefined) {
          reader.skip(tag & 7);
          continue;
        }
        const [name, field] = entry;
        named(name, () => {
          if ((tag & 7) !== field.wireType) {
            throw new WireError('WIRE_TYPE', `wire type ${tag & 7} in place of ${field.wireType}`);
          }
          if (!field.isRepeated && name in values) throw new WireError('DUPLICATE', 'the field occurs twice');
          values[name] = field.read(reader, values[name]);
        });
      }
      for (const [name, field] of ordered) {
        if (!(name in values)) values[name] = named(name, () => field.absent());
      }
      return values as MessageOf<F>;
    },
  };
}

/** A nested message; required unless `optional`. */
export function messageField<T>(id: number, codec: Codec<T>, maxBytes: number): Field<T> {
  return {
    id,
    wireType: wireTypes.lengthDelimited,
    isRepeated: false,
    write(writer, value) {
      writer.tag(id, wireTypes.lengthDelimited);
      writer.lengthPrefixed(bounded(codec.encode(value), maxBytes));
    },
    read: (reader) => codec.decode(reader.lengthPrefixed(maxBytes)),
    absent() {
      throw new WireError('MISSING', 'the message is required');
    },
  };
}

/** Many nested messages; the count is checked before each one is read. */
export function repeatedField<T>(
  id: number,
  codec: Codec<T>,
  limits: { readonly count: number; readonly bytes: number },
): Field<readonly T[]> {
  return {
    id,
    wireType: wireTypes.lengthDelimited,
    isRepeated: true,
    write(writer, values) {
      if (values.length > limits.count) {
        throw new WireError('TOO_MANY', `${values.length} entries exceed the limit of ${limits.count}`);
      }
      for (const value of values) {
        writer.tag(id, wireTypes.lengthDelimited);
        writer.lengthPrefixed(bounded(codec.encode(value), limits.bytes));
      }
    },
    read(reader, previous) {
      const values = (previous ?? []) as T[];
      if (values.length >= limits.count) throw new WireError('TOO_MANY', `more than ${limits.count} entries`);
      values.push(codec.decode(reader.lengthPrefixed(limits.bytes)));
      return values;
    },
    absent: () => [],
  };
}

function bounded(bytes: Uint8Array, maxBytes: number): Uint8Array {
  if (bytes.length > maxBytes) {
    throw new WireError('TOO_LONG', `${bytes.length} bytes exceed the limit of ${maxBytes}`);
  }
  return bytes;
}

export interface FrameCodec<T> {
  encode(value: T): Uint8Array<ArrayBuffer>;
  /** `null` for a frame of a kind this version does not know. @throws WireError naming the field. */
  decode(bytes: Uint8Array): T | null;
}

export type FrameOf<C> = C extends FrameCodec<infer T> ? T : never;

type Variants = { readonly [type: string]: Field<unknown> };
export type UnionOf<V> = {
  [K in keyof V]: { readonly type: K; readonly body: V[K] extends Field<infer T> ? T : never };
}[keyof V];

/**
 * Exactly one of several messages. A frame that holds none this version knows decodes to `null`, so that a newer peer
 * may send kinds of frames an older one ignores.
 */
export function unionCodec<V extends Variants>(variants: V): FrameCodec<UnionOf<V>> {
  const byId = new Map(Object.entries(variants).map((entry) => [entry[1].id, entry]));
  return {
    encode(value) {
      const writer = new WireWriter();
      const field = variants[value.type as string];
      if (field === undefined) throw new WireError('OUT_OF_RANGE', `"${String(value.type)}" is not a kind of frame`);
      named(String(value.type), () => field.write(writer, value.body));
      return writer.finish();
    },
    decode(bytes) {
      const reader = new WireReader(bytes);
      let found: UnionOf<V> | null = null;
      while (!reader.atEnd) {
        const tag = reader.uint32();
        const entry = byId.get(tag >>> 3);
        if (entry === undefined) {
          reader.skip(tag & 7);
          continue;
        }
        const [type, field] = entry;
        if (found !== null) throw new WireError('DUPLICATE', 'the frame holds two messages', type);
        if ((tag & 7) !== field.wireType) throw new WireError('WIRE_TYPE', `wire type ${tag & 7}`, type);
        found = { type, body: named(type, () => field.read(reader, undefined)) } as UnionOf<V>;
      }
      return found;
    },
  };
}
