import { SceneError } from '../scene/scene-error.ts';
import { brokenImage, checkTextureSize } from './texture-image.ts';

/** 0xAB KTX 20 0xBB \r\n 0x1A \n, read as three words. */
const identifier: readonly number[] = [0x58544bab, 0xbb303220, 0x0a1a0a0d];
const indexOffset = 80;
const indexEntryBytes = 24;
/** Of a picture whose sides are at most 8,192. */
const mostLevels = 14;
const colorModels: Readonly<Record<number, 'ETC1S' | 'UASTC'>> = { 163: 'ETC1S', 166: 'UASTC' };
/** Supercompression schemes that go with each color model. */
const schemes = { ETC1S: [1], UASTC: [0, 2] } as const;
/** Channels of a sample that stand for one or three colours, or for alpha; others hold two values for a shader to take apart. */
const channels: Readonly<Record<'ETC1S' | 'UASTC', readonly number[]>> = { ETC1S: [0, 3, 15], UASTC: [0, 3, 4] };

export interface Ktx2Header {
  readonly widthPixels: number;
  readonly heightPixels: number;
}

export function isKtx2(file: Uint8Array<ArrayBuffer>): boolean {
  if (file.length < 12) return false;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  return identifier.every((word, index) => view.getUint32(index * 4, true) === word);
}

/**
 * Reads the header of a KTX 2.0 file and checks all that it says before a decoder sees it: one plain picture of Basis Universal as
 * KHR_texture_basisu allows it, of a size that textures may have, all parts inside the file.
 *
 * @throws SceneError.
 */
export function readKtx2Header(file: Uint8Array<ArrayBuffer>, field: string): Ktx2Header {
  if (file.length < indexOffset + indexEntryBytes) throw brokenImage(field, `its header ends at byte ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const word = (offset: number) => view.getUint32(offset, true);

  function unsupported(what: string, value: number): SceneError {
    const message = `${field} is a KTX2 file whose ${what} is ${value}; only single pictures of Basis Universal are read`;
    return new SceneError('unsupported-feature', message, { field, value });
  }

  function range(name: string, offset: number, sizeBytes: number, fewestBytes: number): void {
    if (sizeBytes < fewestBytes) throw brokenImage(field, `its ${name} has ${sizeBytes} bytes`);
    if (offset + sizeBytes > file.length) {
      throw brokenImage(field, `its ${name} ends at byte ${offset + sizeBytes} of ${file.length}`);
    }
  }

  const [widthPixels, heightPixels] = [word(20), word(24)];
  checkTextureSize(widthPixels, heightPixels, field);
  const plain = { vkFormat: [12, 0], pixelDepth: [28, 0], layerCount: [32, 0], faceCount: [36, 1] } as const;
  for (const [name, [offset, expected]] of Object.entries(plain)) {
    if (word(offset) !== expected) throw unsupported(name, word(offset));
  }
  const levels = Math.max(1, word(40));
  if (levels > mostLevels) throw brokenImage(field, `its levelCount is ${levels}; the limit is ${mostLevels}`);
  range('level index', indexOffset, levels * indexEntryBytes, 0);
  const scheme = word(44);
  range('data format descriptor', word(48), word(52), 44);
  range('key/value data', word(56), word(60), 0);
  range('supercompression data', bigOffset(view, 64), bigOffset(view, 72), 0);
  for (let level = 0; level < levels; level += 1) {
    const entry = indexOffset + level * indexEntryBytes;
    range(`level ${level}`, bigOffset(view, entry), bigOffset(view, entry + 8), 1);
  }

  const descriptor = word(48);
  const model = colorModels[view.getUint8(descriptor + 12)];
  if (model === undefined) throw unsupported('colorModel', view.getUint8(descriptor + 12));
  if (!(schemes[model] as readonly number[]).includes(scheme)) throw unsupported('supercompressionScheme', scheme);
  const samples = Math.floor((word(52) - 28) / 16);
  for (let sample = 0; sample < samples; sample += 1) {
    const channel = view.getUint8(descriptor + 28 + sample * 16 + 3) & 15;
    if (!channels[model].includes(channel)) throw unsupported(`channel of sample ${sample}`, channel);
  }
  // What Zstandard unfolds to: 16 bytes for each block of 4 x 4.
  const unfoldedBytes = Math.ceil(widthPixels / 4) * Math.ceil(heightPixels / 4) * 16;
  const namedBytes = bigOffset(view, indexOffset + 16);
  if (model === 'UASTC' && namedBytes !== unfoldedBytes) {
    throw brokenImage(field, `its level 0 unfolds to ${namedBytes} bytes, not ${unfoldedBytes}`);
  }
  checkOrientation(file, view, field);
  return { widthPixels, heightPixels };
}

/** KTXorientation must be absent or say right and down. */
function checkOrientation(file: Uint8Array, view: DataView, field: string): void {
  const end = view.getUint32(56, true) + view.getUint32(60, true);
  for (let offset = view.getUint32(56, true); offset + 4 < end;) {
    const sizeBytes = view.getUint32(offset, true);
    const entry = String.fromCharCode(
      ...file.subarray(offset + 4, Math.min(offset + 4 + Math.min(sizeBytes, 64), end)),
    );
    const [key, value] = entry.split('\0');
    if (key === 'KTXorientation' && value !== 'rd') {
      const message = `${field} is a KTX2 file whose KTXorientation is ${JSON.stringify(value ?? '')}; glTF asks for "rd"`;
      throw new SceneError('unsupported-feature', message, { field, value: value ?? '' });
    }
    // Entries are padded to four bytes.
    offset += 4 + Math.ceil(sizeBytes / 4) * 4;
  }
}

/** A 64-bit offset; beyond 2^53 rounding does not matter, it leaves the file all the same. */
function bigOffset(view: DataView, offset: number): number {
  return view.getUint32(offset, true) + view.getUint32(offset + 4, true) * 2 ** 32;
}
