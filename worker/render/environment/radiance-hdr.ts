import { type RadianceImage, checkImageSize, cleanRadiance, cutShort, malformed } from './radiance-image.ts';

const maximumHeaderBytes = 65_536;

/**
 * Decodes a Radiance picture (.hdr, RGBE), flat or run-length encoded, stored top down and left to right ("-Y h +X w").
 * Format: Ward, "Real Pixels", Graphics Gems II, 1991, and the Radiance file formats manual. @throws SceneError.
 */
export function decodeRadianceHdr(file: Uint8Array): RadianceImage {
  const header = readHeader(file);
  const { widthPixels, heightPixels } = header;
  checkImageSize(widthPixels, heightPixels);
  const pixels = new Float32Array(widthPixels * heightPixels * 3);
  const line = new Uint8Array(widthPixels * 4);
  let offset = header.endBytes;
  for (let row = 0; row < heightPixels; row += 1) {
    offset = readLine(file, offset, line, widthPixels, row);
    for (let column = 0; column < widthPixels; column += 1) {
      const exponent = line[column * 4 + 3] as number;
      // As most renderers read it; Radiance itself adds half a step. Exponent 0 is black.
      const scale = exponent === 0 ? 0 : 2 ** (exponent - 136);
      for (let channel = 0; channel < 3; channel += 1) {
        const mantissa = line[column * 4 + channel] as number;
        pixels[(row * widthPixels + column) * 3 + channel] = cleanRadiance(mantissa * scale);
      }
    }
  }
  return { widthPixels, heightPixels, pixels };
}

function readHeader(file: Uint8Array): { widthPixels: number; heightPixels: number; endBytes: number } {
  const lines: string[] = [];
  let start = 0;
  const limit = Math.min(file.length, maximumHeaderBytes);
  for (let index = 0; index < limit; index += 1) {
    if (file[index] !== 0x0a) continue;
    lines.push(Array.from(file.subarray(start, index), (byte) => String.fromCharCode(byte)).join(''));
    start = index + 1;
    if (lines.length < 2 || lines.at(-2) !== '') continue;
    const size = /^-Y (\d{1,6}) \+X (\d{1,6})\r?$/.exec(lines.at(-1) ?? '');
    if (size === null)
      throw malformed('size', `its size line is "${(lines.at(-1) ?? '').slice(0, 40)}"; -Y h +X w can be read`);
    const format = lines.find((text) => text.startsWith('FORMAT='));
    if (format !== undefined && format.trim() !== 'FORMAT=32-bit_rle_rgbe') {
      throw malformed('format', `"${format.slice(0, 60)}" cannot be read; FORMAT=32-bit_rle_rgbe can`);
    }
    return { heightPixels: Number(size[1]), widthPixels: Number(size[2]), endBytes: start };
  }
  throw malformed('header', `its header does not end within ${limit} bytes`);
}

/** Reads one line into `line`, four bytes a pixel. Returns where the next one starts. */
function readLine(file: Uint8Array, start: number, line: Uint8Array, widthPixels: number, row: number): number {
  const encoded =
    widthPixels >= 8 &&
    widthPixels < 32_768 &&
    file[start] === 2 &&
    file[start + 1] === 2 &&
    (file[start + 2] ?? 128) < 128;
  if (!encoded) {
    const end = start + widthPixels * 4;
    if (end > file.length) throw cutShort(`rows[${row}]`, end, file.length);
    line.set(file.subarray(start, end));
    // Three equal ones and a count was the old way to repeat a pixel; files since 1991 do not use it.
    for (let column = 0; column < widthPixels; column += 1) {
      if (line[column * 4] === 1 && line[column * 4 + 1] === 1 && line[column * 4 + 2] === 1) {
        throw malformed(`rows[${row}]`, 'uses the run-length encoding of before 1991, which cannot be read');
      }
    }
    return end;
  }
  const width = ((file[start + 2] as number) << 8) | (file[start + 3] ?? 0);
  if (width !== widthPixels)
    throw malformed(`rows[${row}]`, `row ${row} has ${width} pixels, the picture ${widthPixels}`);
  let offset = start + 4;
  for (let channel = 0; channel < 4; channel += 1) {
    let column = 0;
    while (column < widthPixels) {
      const code = file[offset];
      const isRun = code !== undefined && code > 128;
      const count = code === undefined ? 0 : isRun ? code - 128 : code;
      const end = offset + 1 + (isRun ? 1 : count);
      if (code === undefined || end > file.length) throw cutShort(`rows[${row}]`, end, file.length);
      if (count === 0 || column + count > widthPixels) {
        throw malformed(`rows[${row}]`, `row ${row} has a run of ${count} at column ${column} of ${widthPixels}`);
      }
      for (let step = 0; step < count; step += 1) {
        line[(column + step) * 4 + channel] = file[offset + 1 + (isRun ? 0 : step)] as number;
      }
      column += count;
      offset = end;
    }
  }
  return offset;
}
