/** What a GGUF file needs before its tensors: metadata of the few kinds used here, and the directory. Little-endian, version 3. */
export type HeaderValue =
  | { readonly kind: 'uint32' | 'float32'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
  | { readonly kind: 'texts'; readonly value: readonly string[] };

export interface HeaderTensor {
  readonly name: string;
  /** First dimension contiguous. */
  readonly dimensions: readonly number[];
  readonly typeId: number;
  /** From the start of the data section. */
  readonly offsetBytes: number;
}

export const dataAlignment = 32;

const typeIds = { uint32: 4, float32: 6, text: 8, array: 9 } as const;

/** The bytes in front of the data section, padded to its alignment. */
export function buildGgufHeader(
  metadata: readonly (readonly [key: string, value: HeaderValue])[],
  tensors: readonly HeaderTensor[],
): Uint8Array<ArrayBuffer> {
  const parts = [
    [ascii('GGUF'), uint32(3), uint64(tensors.length), uint64(metadata.length)],
    ...metadata.map(([key, entry]) => [...text(key), ...writeValue(entry)]),
    ...tensors.map(({ name, dimensions, typeId, offsetBytes }) => [
      ...text(name),
      uint32(dimensions.length),
      ...dimensions.map(uint64),
      uint32(typeId),
      uint64(offsetBytes),
    ]),
  ].flat();
  const length = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const bytes = new Uint8Array(Math.ceil(length / dataAlignment) * dataAlignment);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}

function writeValue(entry: HeaderValue): Uint8Array[] {
  switch (entry.kind) {
    case 'uint32':
      return [uint32(typeIds.uint32), uint32(entry.value)];
    case 'float32':
      return [uint32(typeIds.float32), new Uint8Array(new Float32Array([entry.value]).buffer)];
    case 'text':
      return [uint32(typeIds.text), ...text(entry.value)];
    case 'texts':
      return [uint32(typeIds.array), uint32(typeIds.text), uint64(entry.value.length), ...entry.value.flatMap(text)];
  }
}

function text(value: string): Uint8Array[] {
  const bytes = ascii(value);
  return [uint64(bytes.byteLength), bytes];
}

/** The names and words of a made-up model are plain ASCII. */
function ascii(value: string): Uint8Array {
  return Uint8Array.from(value, (character) => character.charCodeAt(0));
}

function uint32(value: number): Uint8Array {
  return new Uint8Array(new Uint32Array([value]).buffer);
}

function uint64(value: number): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt(value)]).buffer);
}
