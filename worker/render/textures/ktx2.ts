import { type EmbindHost, createEmbindFactory } from '../codecs/embind-host.ts';
import { readKtx2Header } from './ktx2-header.ts';
import { type TextureImage, brokenImage } from './texture-image.ts';

/** Output, input and what Zstandard unfolds take at most a quarter of it. */
const heapBytes = 1024 * 1024 * 1024;
/** Basis Universal's number for four bytes a texel. */
const formatRgba32 = 13;

let createHost: (() => EmbindHost) | undefined;

/**
 * Level 0 of a KTX 2.0 file with Basis Universal (ETC1S under BasisLZ; UASTC plain or under Zstandard). Further levels are for rasterisers.
 * The transcoder works in integers, so every host gets the same bytes; it runs in an instance of its own, which is thrown away:
 * nothing that a hostile file does to it lasts.
 *
 * @throws SceneError.
 */
export async function decodeKtx2(file: Uint8Array<ArrayBuffer>, field: string): Promise<TextureImage> {
  const { widthPixels, heightPixels } = readKtx2Header(file, field);
  createHost ??= await loadTranscoder();
  const bytes = new Uint8Array(widthPixels * heightPixels * 4);
  try {
    const host = createHost();
    const object = host.construct('KTX2File', host.handleOf(file));
    const ask = (method: string, ...values: readonly number[]) =>
      host.callMethod('KTX2File', method, object, ...values);
    if (ask('isValid') === 0 || ask('getWidth') !== widthPixels || ask('getHeight') !== heightPixels) {
      throw new Error('its header is malformed');
    }
    if (ask('startTranscoding') === 0) throw new Error('its tables are damaged');
    if (ask('getImageTranscodedSizeInBytes', 0, 0, 0, formatRgba32) !== bytes.length) {
      throw new Error('its level 0 has another size than its header says');
    }
    if (ask('transcodeImage', host.handleOf(bytes), 0, 0, 0, formatRgba32, 0, -1, -1) === 0) {
      throw new Error('its pixels are damaged');
    }
  } catch (cause) {
    throw brokenImage(field, cause instanceof Error ? cause.message : String(cause), cause);
  }
  return { widthPixels, heightPixels, bytes };
}

/** Half a megabyte that most scenes do without. */
async function loadTranscoder(): Promise<() => EmbindHost> {
  const { default: wasmBytes } = await import('three/examples/jsm/libs/basis/basis_transcoder.wasm?bytes');
  return createEmbindFactory(new WebAssembly.Module(wasmBytes), 'initializeBasis', heapBytes);
}
