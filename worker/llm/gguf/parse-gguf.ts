import type { ByteSource } from '../../byte-source.ts';
import { GgufError, quoteName } from './gguf-error.ts';
import { HeaderReader } from './header-reader.ts';
import { GGUF_LIMITS } from './limits.ts';
import { GgufMetadata, type GgufEntry, type GgufScalar } from './metadata.ts';
import { TENSOR_TYPES, type TensorType } from './tensor-types.ts';

export interface GgufTensor {
  readonly name: string;
  readonly type: TensorType;
  /** GGML order: the first dimension is contiguous. One to four, each at least 1. */
  readonly dimensions: readonly number[];
  readonly elementCount: number;
  /** From the start of the file. */
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

export interface GgufFile {
  readonly version: number;
  readonly metadata: GgufMetadata;
  readonly tensors: ReadonlyMap<string, GgufTensor>;
}

/** Metadata value types: name, bytes per element (the least an element can take). */
const VALUE_TYPES: ReadonlyMap<number, readonly [name: string, leastBytes: number]> = new Map([
  [0, ['uint8', 1]],
  [1, ['int8', 1]],
  [2, ['uint16', 2]],
  [3, ['int16', 2]],
  [4, ['uint32', 4]],
  [5, ['int32', 4]],
  [6, ['float32', 4]],
  [7, ['bool', 1]],
  [8, ['string', 8]],
  [9, ['array', 12]],
  [10, ['uint64', 8]],
  [11, ['int64', 8]],
  [12, ['float64', 8]],
]);

/**
 * Parses the header of a GGUF file (versions 2 and 3, little-endian): metadata and tensor directory. Reads ranges of at
 * most 1 MiB (or one string) and allocates only what the bytes still in the file can back. Every tensor lies inside the
 * file, aligned, and overlaps no other. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * @throws GgufError
 */
export async function parseGguf(source: ByteSource): Promise<GgufFile> {
  const reader = new HeaderReader(source);
  await reader.need(24, 'header');
  const magic = reader.uint32();
  if (magic !== 0x46554747) {
    throw new GgufError('NOT_GGUF', `the file starts with 0x${magic.toString(16).padStart(8, '0')}, not with 'GGUF'`, {
      data: { value: magic },
    });
  }
  const version = reader.uint32();
  if (version !== 2 && version !== 3) {
    const hint = version === 0x02000000 || version === 0x03000000 ? ' (a big-endian file)' : '';
    throw new GgufError('UNSUPPORTED_VERSION', `GGUF version ${version}${hint} is not supported, only 2 and 3`, {
      data: { value: version },
    });
  }
  const tensorCount = boundedCount(reader.uint64(), 'tensor count', GGUF_LIMITS.tensors, 24, reader);
  const entryCount = boundedCount(reader.uint64(), 'metadata count', GGUF_LIMITS.metadataEntries, 13, reader);

  const budget = { arrayElements: 0 };
  const entries = new Map<string, GgufEntry>();
  for (let index = 0; index < entryCount; index++) {
    const key = await readString(reader, `key of metadata entry ${index}`, GGUF_LIMITS.keyBytes);
    if (entries.has(key)) throw duplicate('metadata field', key);
    entries.set(key, await readEntry(reader, key, budget));
  }
  const metadata = new GgufMetadata(entries);
  const alignment = metadata.integer('general.alignment', 1, GGUF_LIMITS.alignmentBytes, 32);
  if ((alignment & (alignment - 1)) !== 0) {
    throw new GgufError('INVALID_VALUE', `general.alignment is ${alignment}, which is not a power of two`, {
      data: { field: 'general.alignment', value: alignment },
    });
  }

  const directory: (Omit<GgufTensor, 'offsetBytes'> & { relativeOffset: bigint })[] = [];
  const names = new Set<string>();
  for (let index = 0; index < tensorCount; index++) {
    const tensor = await readTensorInfo(reader, index, source.sizeBytes);
    if (names.has(tensor.name)) throw duplicate('tensor', tensor.name);
    names.add(tensor.name);
    directory.push(tensor);
  }
  const dataOffset = Math.ceil(reader.offsetBytes / alignment) * alignment;
  const tensors = new Map<string, GgufTensor>();
  for (const { relativeOffset, ...tensor } of directory) {
    const offsetBytes = placeTensor(tensor.name, relativeOffset, tensor.sizeBytes, dataOffset, alignment, source);
    tensors.set(tensor.name, { ...tensor, offsetBytes });
  }
  rejectOverlap([...tensors.values()]);
  return { version, metadata, tensors };
}

function boundedCount(value: bigint, field: string, limit: number, leastBytes: number, reader: HeaderReader): number {
  if (value > BigInt(limit)) {
    throw new GgufError('LIMIT_EXCEEDED', `${field} is ${value}, above the limit of ${limit}`, {
      data: { field, value: value.toString(), limit },
    });
  }
  const count = Number(value);
  if (count * leastBytes > reader.remainingBytes) {
    throw new GgufError(
      'TRUNCATED',
      `${field} is ${count}, which takes at least ${count * leastBytes} bytes, but ${reader.remainingBytes} are left in the file`,
      { data: { field, value: count, neededBytes: count * leastBytes, availableBytes: reader.remainingBytes } },
    );
  }
  return count;
}

async function readString(reader: HeaderReader, field: string, limitBytes: number): Promise<string> {
  const head = reader.need(8, field);
  if (head !== undefined) await head;
  const length = boundedCount(reader.uint64(), `length of ${field}`, limitBytes, 1, reader);
  const body = reader.need(length, field);
  if (body !== undefined) await body;
  return reader.text(length);
}

async function readEntry(reader: HeaderReader, key: string, budget: { arrayElements: number }): Promise<GgufEntry> {
  const field = `metadata field ${quoteName(key)}`;
  await reader.need(4, field);
  const type = valueType(reader.uint32(), field);
  if (type[0] !== 'array') return { type: type[0], value: await readScalar(reader, type, field) };
  await reader.need(12, field);
  const elementType = valueType(reader.uint32(), field);
  if (elementType[0] === 'array') {
    throw new GgufError('LIMIT_EXCEEDED', `${field} nests arrays 2 deep; the limit is 1`, {
      data: { field: key, value: 2, limit: 1 },
    });
  }
  const length = boundedCount(
    reader.uint64(),
    `array length of ${field}`,
    GGUF_LIMITS.arrayElements,
    elementType[1],
    reader,
  );
  budget.arrayElements += length;
  if (budget.arrayElements > GGUF_LIMITS.totalArrayElements) {
    throw new GgufError(
      'LIMIT_EXCEEDED',
      `${field} brings the file's array elements to ${budget.arrayElements}, above the limit of ${GGUF_LIMITS.totalArrayElements}`,
      { data: { field: key, value: budget.arrayElements, limit: GGUF_LIMITS.totalArrayElements } },
    );
  }
  const values: GgufScalar[] = [];
  for (let index = 0; index < length; index++) {
    const value = readScalar(reader, elementType, field);
    values.push(value instanceof Promise ? await value : value);
  }
  return { type: 'array', elementType: elementType[0], values };
}

function valueType(id: number, field: string): readonly [string, number] {
  const type = VALUE_TYPES.get(id);
  if (type === undefined) {
    throw new GgufError('INVALID_VALUE', `${field} has value type ${id}; types 0..12 exist`, {
      data: { field, value: id, limit: 12 },
    });
  }
  return type;
}

function readScalar(
  reader: HeaderReader,
  type: readonly [string, number],
  field: string,
): GgufScalar | Promise<GgufScalar> {
  if (type[0] === 'string') return readString(reader, field, GGUF_LIMITS.stringBytes);
  const wait = reader.need(type[1], field);
  return wait === undefined
    ? decodeNumber(reader, type[0], field)
    : wait.then(() => decodeNumber(reader, type[0], field));
}

function decodeNumber(reader: HeaderReader, type: string, field: string): GgufScalar {
  switch (type) {
    case 'uint8':
      return reader.uint8();
    case 'int8':
      return reader.int8();
    case 'uint16':
      return reader.uint16();
    case 'int16':
      return reader.int16();
    case 'uint32':
      return reader.uint32();
    case 'int32':
      return reader.int32();
    case 'float32':
      return reader.float32();
    case 'float64':
      return reader.float64();
    case 'uint64':
      return exactNumber(reader.uint64());
    case 'int64':
      return exactNumber(reader.int64());
    default: {
      const value = reader.uint8();
      if (value > 1) {
        throw new GgufError('INVALID_VALUE', `${field} is a boolean of value ${value}; only 0 and 1 are allowed`, {
          data: { field, value, limit: 1 },
        });
      }
      return value === 1;
    }
  }
}

function exactNumber(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

async function readTensorInfo(
  reader: HeaderReader,
  index: number,
  fileBytes: number,
): Promise<Omit<GgufTensor, 'offsetBytes'> & { relativeOffset: bigint }> {
  const name = await readString(reader, `name of tensor ${index}`, GGUF_LIMITS.tensorNameBytes);
  const field = `tensor ${quoteName(name)}`;
  await reader.need(4, field);
  const dimensionCount = reader.uint32();
  if (dimensionCount < 1 || dimensionCount > GGUF_LIMITS.dimensions) {
    throw new GgufError(
      'INVALID_VALUE',
      `${field} has ${dimensionCount} dimensions; 1..${GGUF_LIMITS.dimensions} are allowed`,
      { data: { field: name, value: dimensionCount, limit: GGUF_LIMITS.dimensions } },
    );
  }
  await reader.need(dimensionCount * 8 + 12, field);
  const wide = Array.from({ length: dimensionCount }, () => reader.uint64());
  const typeId = reader.uint32();
  const relativeOffset = reader.uint64();
  const type = TENSOR_TYPES.get(typeId);
  if (type === undefined) {
    throw new GgufError('UNSUPPORTED_TENSOR_TYPE', `${field} has GGML type ${typeId}, which is not known`, {
      data: { field: name, value: typeId },
    });
  }
  if (wide.some((dimension) => dimension === 0n)) {
    throw new GgufError('INVALID_VALUE', `${field} has a dimension of 0 in ${wide.join(' x ')}`, {
      data: { field: name, value: 0, minimum: 1 },
    });
  }
  const elementCount = wide.reduce((product, dimension) => product * dimension, 1n);
  const firstDimension = wide[0] ?? 0n;
  if (firstDimension % BigInt(type.blockLength) !== 0n) {
    throw new GgufError(
      'INVALID_VALUE',
      `${field} has rows of ${firstDimension} elements, not a multiple of the ${type.blockLength} in a ${type.name} block`,
      { data: { field: name, value: firstDimension.toString(), blockLength: type.blockLength } },
    );
  }
  const sizeBytes = (elementCount / BigInt(type.blockLength)) * BigInt(type.blockBytes);
  if (sizeBytes > BigInt(fileBytes)) {
    throw new GgufError(
      'TENSOR_OUT_OF_RANGE',
      `${field} of ${wide.join(' x ')} ${type.name} takes ${sizeBytes} bytes, but the file has ${fileBytes}`,
      { data: { field: name, neededBytes: sizeBytes.toString(), fileBytes } },
    );
  }
  return {
    name,
    type,
    dimensions: wide.map(Number),
    elementCount: Number(elementCount),
    sizeBytes: Number(sizeBytes),
    relativeOffset,
  };
}

function placeTensor(
  name: string,
  relativeOffset: bigint,
  sizeBytes: number,
  dataOffset: number,
  alignment: number,
  source: ByteSource,
): number {
  const field = `tensor ${quoteName(name)}`;
  if (relativeOffset % BigInt(alignment) !== 0n) {
    throw new GgufError('INVALID_VALUE', `${field} starts at ${relativeOffset}, not a multiple of ${alignment} bytes`, {
      data: { field: name, value: relativeOffset.toString(), alignmentBytes: alignment },
    });
  }
  const end = BigInt(dataOffset) + relativeOffset + BigInt(sizeBytes);
  if (end > BigInt(source.sizeBytes)) {
    throw new GgufError(
      'TENSOR_OUT_OF_RANGE',
      `${field} ends at byte ${end}, but the file ends at ${source.sizeBytes}`,
      { data: { field: name, value: end.toString(), fileBytes: source.sizeBytes } },
    );
  }
  return dataOffset + Number(relativeOffset);
}

/** Overlapping tensors would let a small file claim unbounded GPU memory. */
function rejectOverlap(tensors: GgufTensor[]): void {
  tensors.sort((a, b) => a.offsetBytes - b.offsetBytes);
  for (let index = 1; index < tensors.length; index++) {
    const before = tensors[index - 1];
    const after = tensors[index];
    if (before === undefined || after === undefined) continue;
    if (before.offsetBytes + before.sizeBytes > after.offsetBytes) {
      throw new GgufError(
        'TENSOR_OVERLAP',
        `tensor ${quoteName(after.name)} starts at byte ${after.offsetBytes}, inside tensor ${quoteName(before.name)} which ends at ${before.offsetBytes + before.sizeBytes}`,
        { data: { field: after.name, offsetBytes: after.offsetBytes } },
      );
    }
  }
}

function duplicate(kind: string, name: string): GgufError {
  return new GgufError('DUPLICATE_NAME', `${kind} ${quoteName(name)} appears twice`, { data: { field: name } });
}
