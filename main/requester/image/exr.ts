import { deflateSync } from 'node:zlib';
import { type Film, assertComplete } from './film.ts';

const linesPerBlock = 16;

/** One number of every pixel, row-major from the top left. */
export interface ExrChannel {
  readonly name: string;
  readonly values: ArrayLike<number>;
}

/**
 * The film as a scanline OpenEXR file: linear R, G, B as float32, ZIP ("OpenEXR File Layout", openexr.com). Nothing is cut or
 * graded. Pure: the same film gives the same bytes.
 *
 * @throws ImageError when pixels lack samples that others have.
 */
export function encodeExr(film: Film): Uint8Array<ArrayBuffer> {
  assertComplete(film);
  return encodeExrChannels(film.widthPixels, film.heightPixels, channelsOf(film.mean(), ['R', 'G', 'B']));
}

/** Pulls apart what lies together in each pixel. */
export function channelsOf(interleaved: Float64Array, names: readonly string[]): ExrChannel[] {
  const count = names.length;
  return names.map((name, place) => ({
    name,
    values: Float64Array.from(
      { length: interleaved.length / count },
      (_, pixel) => interleaved[pixel * count + place] as number,
    ),
  }));
}

/** Any channels as a scanline OpenEXR file, float32, ZIP. */
export function encodeExrChannels(
  widthPixels: number,
  heightPixels: number,
  unordered: readonly ExrChannel[],
): Uint8Array<ArrayBuffer> {
  // OpenEXR wants them by name.
  const channels = unordered.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const blocks: Uint8Array[] = [];
  for (let row = 0; row < heightPixels; row += linesPerBlock) {
    const rows = Math.min(linesPerBlock, heightPixels - row);
    const packed = pack(rowBytes(channels, widthPixels, row, rows));
    blocks.push(Buffer.concat([words(row, packed.length), packed]));
  }
  const header = headerOf(widthPixels, heightPixels, channels);
  const table = Buffer.alloc(blocks.length * 8);
  let offset = header.length + table.length;
  blocks.forEach((block, index) => {
    table.writeBigUInt64LE(BigInt(offset), index * 8);
    offset += block.length;
  });
  return new Uint8Array(Buffer.concat([header, table, ...blocks]));
}

/** Rows one after another, in each the channels one after another. */
function rowBytes(channels: readonly ExrChannel[], widthPixels: number, first: number, rows: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(rows * widthPixels * channels.length * 4));
  let place = 0;
  for (let row = first; row < first + rows; row += 1) {
    for (const { values } of channels) {
      for (let column = 0; column < widthPixels; column += 1) {
        view.setFloat32(place, values[row * widthPixels + column] as number, true);
        place += 4;
      }
    }
  }
  return new Uint8Array(view.buffer);
}

/** Splits even from odd bytes, takes differences, deflates; stored as it is when that is no smaller. */
function pack(raw: Uint8Array): Uint8Array {
  const half = Math.ceil(raw.length / 2);
  const split = new Uint8Array(raw.length);
  for (let index = 0; index < raw.length; index += 1) split[(index >> 1) + (index & 1) * half] = raw[index] as number;
  const steps = split.map((value, index) => (index === 0 ? value : value - (split[index - 1] as number) + 128));
  const packed = deflateSync(steps, { level: 6 });
  return packed.length < raw.length ? packed : raw;
}

function headerOf(widthPixels: number, heightPixels: number, channels: readonly ExrChannel[]): Buffer {
  const box = words(0, 0, widthPixels - 1, heightPixels - 1);
  const list = channels.map(({ name }) => Buffer.concat([Buffer.from(`${name}\0`), words(2, 0, 1, 1)]));
  const one = Buffer.alloc(4);
  one.writeFloatLE(1);
  return Buffer.concat([
    words(0x01312f76, 2),
    attribute('channels', 'chlist', Buffer.concat([...list, Buffer.alloc(1)])),
    attribute('compression', 'compression', Buffer.of(3)),
    attribute('dataWindow', 'box2i', box),
    attribute('displayWindow', 'box2i', box),
    attribute('lineOrder', 'lineOrder', Buffer.of(0)),
    attribute('pixelAspectRatio', 'float', one),
    attribute('screenWindowCenter', 'v2f', Buffer.alloc(8)),
    attribute('screenWindowWidth', 'float', one),
    Buffer.alloc(1),
  ]);
}

function attribute(name: string, type: string, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${name}\0${type}\0`), words(value.length), value]);
}

function words(...values: readonly number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => buffer.writeUInt32LE(value, index * 4));
  return buffer;
}
