import wasmBytes from '@cwasm/webp/webp.wasm?bytes';
import { type TextureImage, brokenImage, checkTextureSize } from './texture-image.ts';

/** What the decoder shares with us; the rest of libwebp's interface is not in its file. */
interface WebpExports {
  readonly memory: WebAssembly.Memory;
  malloc(sizeBytes: number): number;
  WebPDecodeRGBA(file: number, sizeBytes: number, width: number, height: number): number;
}

let compiled: WebAssembly.Module | undefined;

/** RIFF, a size, WEBP. */
export function isWebp(file: Uint8Array): boolean {
  return text(file, 0) === 'RIFF' && text(file, 8) === 'WEBP';
}

/**
 * Lossy and lossless WebP, the first size that its chunks name checked before anything is decoded. libwebp runs in an
 * instance of its own, which is thrown away: nothing that a hostile file does to it lasts.
 *
 * @throws SceneError.
 */
export function decodeWebp(file: Uint8Array<ArrayBuffer>, field: string): TextureImage {
  const sizes = listSizes(file, field);
  for (const [width, height] of sizes) checkTextureSize(width, height, field);
  compiled ??= new WebAssembly.Module(wasmBytes);
  const instance = new WebAssembly.Instance(compiled, { wasi_snapshot_preview1: noFiles });
  const { memory, malloc, WebPDecodeRGBA } = instance.exports as unknown as WebpExports;
  try {
    const input = malloc(file.length + 12);
    if (input === 0) throw new Error('there is no memory for it');
    new Uint8Array(memory.buffer).set(file, input);
    const place = input + Math.ceil(file.length / 4) * 4;
    const output = WebPDecodeRGBA(input, file.length, place, place + 4);
    if (output === 0) throw new Error('its pixels are damaged, or it is an animation');
    const view = new DataView(memory.buffer);
    const [widthPixels, heightPixels] = [view.getUint32(place, true), view.getUint32(place + 4, true)];
    const bytes = new Uint8Array(memory.buffer, output, widthPixels * heightPixels * 4).slice();
    return { widthPixels, heightPixels, bytes };
  } catch (cause) {
    throw brokenImage(field, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

/** The decoder is linked with a C library that could write to files; it never does. */
const noFiles = {
  fd_close: refuseFile,
  fd_seek: refuseFile,
  fd_write: refuseFile,
};

function refuseFile(): never {
  throw new Error('the decoder asked for a file');
}

/** The canvas and every picture in the container (RFC 9649, sections 2.5 to 2.7). */
function listSizes(file: Uint8Array<ArrayBuffer>, field: string): [number, number][] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const sizes: [number, number][] = [];
  for (let offset = 12; offset + 8 <= file.length;) {
    const lengthBytes = view.getUint32(offset + 4, true);
    const size = sizeIn(text(file, offset), view, offset + 8);
    if (size !== undefined) sizes.push(size);
    // Chunks are padded to even lengths.
    offset += 8 + lengthBytes + (lengthBytes & 1);
  }
  if (sizes.length === 0) throw brokenImage(field, 'it holds no picture');
  return sizes;
}

function sizeIn(kind: string, view: DataView, offset: number): [number, number] | undefined {
  if (offset + 10 > view.byteLength) return undefined;
  if (kind === 'VP8 ') return [view.getUint16(offset + 6, true) & 0x3fff, view.getUint16(offset + 8, true) & 0x3fff];
  if (kind === 'VP8L') {
    const bits = view.getUint32(offset + 1, true);
    return [(bits & 0x3fff) + 1, ((bits >>> 14) & 0x3fff) + 1];
  }
  if (kind !== 'VP8X') return undefined;
  const three = (at: number) => view.getUint16(at, true) + view.getUint8(at + 2) * 65_536 + 1;
  return [three(offset + 4), three(offset + 7)];
}

function text(file: Uint8Array, offset: number): string {
  return String.fromCharCode(...file.subarray(offset, offset + 4));
}
