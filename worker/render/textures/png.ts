import { type DecodedPng, convertIndexedToRgb, decode } from 'fast-png';
import { inflatedSize } from '../environment/inflate.ts';
import { type TextureImage, brokenImage, checkTextureSize } from './texture-image.ts';

const signatureBytes = 8;
/** IHDR, PLTE, tRNS, IDAT, IEND. Others carry nothing that is drawn, and some would be inflated without a bound. */
const keptChunks: readonly number[] = [0x49484452, 0x504c5445, 0x74524e53, 0x49444154, 0x49454e44];
const [header, , , data] = keptChunks;

/** Any PNG of the first edition, interlaced or not; 16 bits are cut to 8. @throws SceneError. */
export async function decodePng(file: Uint8Array<ArrayBuffer>, field: string): Promise<TextureImage> {
  const { kept, packed, expectedBytes } = sift(file, field);
  const size = await inflatedSize(packed, expectedBytes);
  if (size === undefined) throw brokenImage(field, `its pixels do not inflate to at most ${expectedBytes} bytes`);
  let image: DecodedPng;
  try {
    image = decode(kept);
  } catch (cause) {
    throw brokenImage(field, cause instanceof Error ? cause.message : String(cause), cause);
  }
  return toBytes(image, field);
}

/** Keeps the chunks that are drawn and finds out how many bytes the pixels may inflate to. */
function sift(file: Uint8Array<ArrayBuffer>, field: string) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const parts: Uint8Array<ArrayBuffer>[] = [file.subarray(0, signatureBytes)];
  const pixels: Uint8Array<ArrayBuffer>[] = [];
  let expectedBytes = 0;
  let offset = signatureBytes;
  while (offset + 12 <= file.length) {
    const length = view.getUint32(offset);
    const type = view.getUint32(offset + 4);
    const end = offset + 12 + length;
    if (end > file.length) throw brokenImage(field, `a chunk ends at byte ${end} of ${file.length}`);
    if (type === header) {
      if (length !== 13 || parts.length > 1) throw brokenImage(field, 'its header is malformed');
      const [width, height] = [view.getUint32(offset + 8), view.getUint32(offset + 12)];
      checkTextureSize(width, height, field);
      const channels = [1, 0, 3, 1, 2, 0, 4][file[offset + 17] as number] ?? 0;
      const rowBytes = Math.ceil((width * channels * (file[offset + 16] as number)) / 8) + 1;
      // Interlacing adds a filter byte and padding to the rows of seven passes: less than 16 bytes a row.
      expectedBytes = (rowBytes + 16) * (height + 8) * 2;
    } else if (parts.length === 1) {
      throw brokenImage(field, 'it does not begin with its header');
    }
    if (keptChunks.includes(type)) parts.push(file.subarray(offset, end));
    if (type === data) pixels.push(file.subarray(offset + 8, end - 4));
    offset = end;
  }
  return { kept: join(parts), packed: join(pixels), expectedBytes };
}

function join(parts: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    result.set(part, offset);
    offset += part.length;
  }
  return result;
}

function toBytes(image: DecodedPng, field: string): TextureImage {
  const { width, height } = image;
  const count = width * height;
  const samples = image.palette === undefined ? image.data : convertIndexedToRgb(image);
  const channels = image.palette === undefined ? image.channels : samples.length / count;
  if (samples.length !== count * channels) throw brokenImage(field, `it has ${samples.length} samples`);
  const depth = image.palette === undefined ? image.depth : 8;
  // Grey of 1, 2 or 4 bits arrives packed.
  if (depth < 8) throw brokenImage(field, `grey of ${depth} bits`);
  const shift = depth - 8;
  const bytes = new Uint8Array(count * 4).fill(255);
  for (let pixel = 0; pixel < count; pixel += 1) {
    const sample = (channel: number) => (samples[pixel * channels + channel] as number) >> shift;
    const isGrey = channels < 3;
    for (let channel = 0; channel < 3; channel += 1) bytes[pixel * 4 + channel] = sample(isGrey ? 0 : channel);
    if (channels === 2 || channels === 4) bytes[pixel * 4 + 3] = sample(channels - 1);
  }
  return { widthPixels: width, heightPixels: height, bytes };
}
