import type { ByteSource } from '../../byte-source.ts';
import type { Field } from './field.ts';
import { sceneLimits } from './limits.ts';
import { SceneError } from './scene-error.ts';

// Every host has it, but the library of this room (es2024) does not list it.
declare const TextDecoder: new (label: string, options: { fatal: boolean }) => { decode(bytes: Uint8Array): string };

const glbMagic = 0x46546c67;
const jsonChunk = 0x4e4f534a;
const binaryChunk = 0x004e4942;

/** A GLB file opened: its JSON document, and where its binary chunk lies. */
export interface GlbContainer {
  readonly document: Field;
  readonly binaryOffsetBytes: number;
  readonly binaryBytes: number;
  readonly source: ByteSource;
}

/** Reads the header and the two chunks of a GLB 2.0 file (Khronos glTF 2.0, section 4.4). @throws SceneError. */
export async function openGlb(source: ByteSource): Promise<GlbContainer> {
  if (source.sizeBytes < 20) throw truncated('file', 20, source.sizeBytes);
  const head = new DataView((await source.read(0, 20)).buffer);
  const magic = head.getUint32(0, true);
  if (magic !== glbMagic) {
    const found = `0x${magic.toString(16).padStart(8, '0')}`;
    throw new SceneError('not-a-glb', `the file starts with ${found}; a GLB starts with 0x46546c67 ("glTF")`, {
      field: 'header.magic',
      value: found,
      limit: '0x46546c67',
    });
  }
  const version = head.getUint32(4, true);
  if (version !== 2) {
    throw new SceneError('not-a-glb', `header.version is ${version}; only glTF 2 can be read`, {
      field: 'header.version',
      value: version,
      limit: 2,
    });
  }
  const lengthBytes = head.getUint32(8, true);
  if (lengthBytes > source.sizeBytes) throw truncated('header.length', lengthBytes, source.sizeBytes);
  const jsonBytes = head.getUint32(12, true);
  if (head.getUint32(16, true) !== jsonChunk) {
    throw new SceneError('not-a-glb', 'the first chunk of the file is not JSON', { field: 'chunks[0].type' });
  }
  assertLimit('chunks[0].length', jsonBytes, sceneLimits.jsonBytes);
  if (20 + jsonBytes > lengthBytes) throw truncated('chunks[0].length', 20 + jsonBytes, lengthBytes);
  const document = parseJson(await source.read(20, jsonBytes));

  const next = 20 + jsonBytes;
  if (next + 8 > lengthBytes) return { document, binaryOffsetBytes: next, binaryBytes: 0, source };
  const second = new DataView((await source.read(next, 8)).buffer);
  if (second.getUint32(4, true) !== binaryChunk) return { document, binaryOffsetBytes: next, binaryBytes: 0, source };
  const binaryBytes = second.getUint32(0, true);
  assertLimit('chunks[1].length', binaryBytes, sceneLimits.binaryBytes);
  if (next + 8 + binaryBytes > lengthBytes) throw truncated('chunks[1].length', next + 8 + binaryBytes, lengthBytes);
  return { document, binaryOffsetBytes: next + 8, binaryBytes, source };
}

function parseJson(bytes: Uint8Array<ArrayBuffer>): Field {
  try {
    return { path: '', value: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) };
  } catch (cause) {
    throw new SceneError(
      'invalid-field',
      `the JSON chunk cannot be parsed: ${String(cause)}`,
      { field: 'chunks[0]' },
      { cause },
    );
  }
}

function assertLimit(field: string, value: number, limit: number): void {
  if (value <= limit) return;
  throw new SceneError('limit-exceeded', `${field} is ${value} bytes; the limit is ${limit}`, { field, value, limit });
}

function truncated(field: string, needed: number, available: number): SceneError {
  return new SceneError('truncated', `${field} asks for ${needed} bytes, but only ${available} are there`, {
    field,
    value: needed,
    limit: available,
  });
}
