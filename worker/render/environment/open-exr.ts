import { halfToNumber } from './half-float.ts';
import { inflateExactly } from './inflate.ts';
import { type RadianceImage, checkImageSize, cleanRadiance, cutShort, malformed } from './radiance-image.ts';

interface Channel {
  readonly name: string;
  /** 0 unsigned integer, 1 half, 2 float. */
  readonly type: number;
  readonly sizeBytes: number;
}

interface ExrHeader {
  readonly channels: readonly Channel[];
  readonly compression: number;
  readonly x0: number;
  readonly y0: number;
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly endBytes: number;
}

const linesPerBlock: Readonly<Record<number, number>> = { 0: 1, 2: 1, 3: 16 };

/**
 * Decodes a scanline OpenEXR file of one part with the channels R, G, B (or Y) as half or float, uncompressed or ZIP
 * ("OpenEXR File Layout", openexr.com). Every offset is checked before it is read. @throws SceneError.
 */
export async function decodeOpenExr(file: Uint8Array<ArrayBuffer>): Promise<RadianceImage> {
  const header = readHeader(file);
  const { channels, widthPixels, heightPixels } = header;
  checkImageSize(widthPixels, heightPixels);
  const lines = linesPerBlock[header.compression];
  if (lines === undefined) {
    throw malformed(
      'compression',
      `compression ${header.compression} cannot be read; none (0), ZIPS (2) and ZIP (3) can`,
    );
  }
  const sources = ['R', 'G', 'B'].map((name) => channels.findIndex((channel) => channel.name === name));
  const grey = channels.findIndex((channel) => channel.name === 'Y');
  const picked = sources.map((index) => (index < 0 ? grey : index));
  if (picked.includes(-1))
    throw malformed('channels', `it has no channels R, G, B and no Y, but ${describe(channels)}`);

  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const pixels = new Float32Array(widthPixels * heightPixels * 3);
  const rowBytes = channels.reduce((sum, channel) => sum + channel.sizeBytes, 0) * widthPixels;
  const blockCount = Math.ceil(heightPixels / lines);
  const tableEnd = header.endBytes + blockCount * 8;
  if (tableEnd > file.length) throw cutShort('offsets', tableEnd, file.length);
  const seen = new Uint8Array(blockCount);
  for (let block = 0; block < blockCount; block += 1) {
    const offset = Number(view.getBigUint64(header.endBytes + block * 8, true));
    if (offset < tableEnd || offset + 8 > file.length) throw cutShort(`blocks[${block}]`, offset + 8, file.length);
    const row = view.getInt32(offset, true) - header.y0;
    const sizeBytes = view.getInt32(offset + 4, true);
    if (row < 0 || row >= heightPixels || row % lines !== 0 || seen[row / lines] === 1) {
      throw malformed(`blocks[${block}]`, `block ${block} begins at row ${row} of ${heightPixels}`);
    }
    seen[row / lines] = 1;
    if (sizeBytes < 0 || offset + 8 + sizeBytes > file.length) {
      throw cutShort(`blocks[${block}]`, offset + 8 + sizeBytes, file.length);
    }
    const rowCount = Math.min(lines, heightPixels - row);
    const packed = file.subarray(offset + 8, offset + 8 + sizeBytes);
    const bytes = await unpack(packed, rowBytes * rowCount, header.compression);
    if (bytes === undefined)
      throw malformed(`blocks[${block}]`, `block ${block} does not unpack to ${rowBytes * rowCount} bytes`);
    readRows(bytes, header, picked, { row, rowCount, rowBytes }, pixels);
  }
  return { widthPixels, heightPixels, pixels };
}

async function unpack(
  packed: Uint8Array<ArrayBuffer>,
  sizeBytes: number,
  compression: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  // A block that compression would make larger is stored as it is.
  if (packed.length === sizeBytes) return packed;
  if (compression === 0 || packed.length > sizeBytes) return undefined;
  const mixed = await inflateExactly(packed, sizeBytes);
  if (mixed === undefined) return undefined;
  for (let index = 1; index < sizeBytes; index += 1) {
    mixed[index] = ((mixed[index - 1] as number) + (mixed[index] as number) - 128) & 0xff;
  }
  const result = new Uint8Array(sizeBytes);
  const half = Math.ceil(sizeBytes / 2);
  for (let index = 0; index < sizeBytes; index += 1) result[index] = mixed[(index >> 1) + (index & 1) * half] as number;
  return result;
}

function readRows(
  bytes: Uint8Array<ArrayBuffer>,
  { channels, widthPixels }: ExrHeader,
  picked: readonly number[],
  { row, rowCount, rowBytes }: { row: number; rowCount: number; rowBytes: number },
  pixels: Float32Array,
): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let line = 0; line < rowCount; line += 1) {
    let start = line * rowBytes;
    channels.forEach((channel, index) => {
      picked.forEach((source, target) => {
        if (source !== index) return;
        for (let column = 0; column < widthPixels; column += 1) {
          const place = start + column * channel.sizeBytes;
          const value = channel.type === 1 ? halfToNumber(view.getUint16(place, true)) : view.getFloat32(place, true);
          pixels[((row + line) * widthPixels + column) * 3 + target] = cleanRadiance(value);
        }
      });
      start += channel.sizeBytes * widthPixels;
    });
  }
}

function readHeader(file: Uint8Array): ExrHeader {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 8) throw cutShort('header', 8, file.length);
  if (view.getUint32(0, true) !== 0x01312f76) throw malformed('magic', 'it is no OpenEXR file');
  const version = view.getUint32(4, true);
  // Bits 9, 11, 12: tiles, deep data, several parts.
  if ((version & 0xff) !== 2 || (version & 0x1a00) !== 0) {
    throw malformed('version', `version and flags are 0x${version.toString(16)}; one part of scanlines can be read`);
  }
  let offset = 8;
  function text(): string {
    const start = offset;
    while (offset < file.length && file[offset] !== 0 && offset - start < 256) offset += 1;
    if (file[offset] !== 0) throw malformed('header', `a name at byte ${start} does not end`);
    offset += 1;
    return Array.from(file.subarray(start, offset - 1), (byte) => String.fromCharCode(byte)).join('');
  }
  const found = new Map<string, { start: number; sizeBytes: number }>();
  for (let name = text(); name !== ''; name = text()) {
    text();
    if (offset + 4 > file.length) throw cutShort(name, offset + 4, file.length);
    const sizeBytes = view.getUint32(offset, true);
    offset += 4;
    if (offset + sizeBytes > file.length) throw cutShort(name, offset + sizeBytes, file.length);
    found.set(name, { start: offset, sizeBytes });
    offset += sizeBytes;
  }
  const endBytes = offset;
  function attribute(name: string, minimumBytes: number): { start: number; sizeBytes: number } {
    const value = found.get(name);
    if (value === undefined || value.sizeBytes < minimumBytes) throw malformed(name, `its header lacks ${name}`);
    return value;
  }
  const box = attribute('dataWindow', 16).start;
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = [0, 4, 8, 12].map((place) => view.getInt32(box + place, true));
  const compression = file[attribute('compression', 1).start] as number;
  const list = attribute('channels', 1);
  const channels: Channel[] = [];
  offset = list.start;
  for (let name = text(); name !== ''; name = text()) {
    if (offset + 16 > list.start + list.sizeBytes || channels.length >= 64)
      throw malformed('channels', 'its channel list is broken');
    const type = view.getInt32(offset, true);
    if (type !== 0 && type !== 1 && type !== 2) throw malformed('channels', `channel ${name} has the type ${type}`);
    if (view.getInt32(offset + 8, true) !== 1 || view.getInt32(offset + 12, true) !== 1) {
      throw malformed('channels', `channel ${name} is subsampled, which cannot be read`);
    }
    if (type === 0 && ['R', 'G', 'B', 'Y'].includes(name))
      throw malformed('channels', `channel ${name} holds integers`);
    channels.push({ name, type, sizeBytes: type === 1 ? 2 : 4 });
    offset += 16;
  }
  return { channels, compression, x0, y0, widthPixels: x1 - x0 + 1, heightPixels: y1 - y0 + 1, endBytes };
}

function describe(channels: readonly Channel[]): string {
  return channels
    .map((channel) => channel.name)
    .join(', ')
    .slice(0, 60);
}
