import { deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { buildEnvironmentMap, loadEnvironment } from '../../../worker/render/environment/environment-map.ts';
import { decodeOpenExr } from '../../../worker/render/environment/open-exr.ts';
import { decodeRadianceHdr } from '../../../worker/render/environment/radiance-hdr.ts';
import { cosineSineOfTurn } from '../../../worker/render/environment/turn.ts';
import { SceneError } from '../../../worker/render/scene/scene-error.ts';
import { refusalOf } from '../scene/refusal-of.ts';

function bytesOf(...parts: (string | readonly number[])[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(
    parts.flatMap((part) => (typeof part === 'string' ? Array.from(part, (letter) => letter.charCodeAt(0)) : part)),
  );
}

const hdrHeader = '#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n\n';

/** Two rows of eight pixels: the first one colour by runs, the second with counts that rise. */
function hdrFile(): Uint8Array<ArrayBuffer> {
  const start = [2, 2, 0, 8];
  const runs = [136, 128, 136, 64, 136, 32, 136, 129];
  const rising = [8, 0, 16, 32, 48, 64, 80, 96, 112];
  return bytesOf(hdrHeader, '-Y 2 +X 8\n', start, runs, start, rising, [136, 0], [136, 255], [136, 128]);
}

test('a run-length encoded Radiance picture is read', () => {
  const { widthPixels, heightPixels, pixels } = decodeRadianceHdr(hdrFile());
  expect([widthPixels, heightPixels]).toEqual([8, 2]);
  expect(Array.from(pixels.slice(0, 6))).toEqual([1, 0.5, 0.25, 1, 0.5, 0.25]);
  expect(Array.from(pixels.slice(24, 33))).toEqual([0, 0, 255 / 256, 1 / 16, 0, 255 / 256, 1 / 8, 0, 255 / 256]);
});

test('a flat Radiance picture is read', () => {
  const { pixels } = decodeRadianceHdr(bytesOf(hdrHeader, '-Y 1 +X 2\n', [128, 0, 0, 130, 9, 9, 9, 0]));
  expect(Array.from(pixels)).toEqual([2, 0, 0, 0, 0, 0]);
});

const one = 0x3c00;

const word = (value: number) => [value & 255, (value >> 8) & 255, (value >> 16) & 255, (value >> 24) & 255];

const row = (y: number) => {
  const halves = [y, y, y, 0, 1, 2, 1, 1, 1].map((value) => [0, one, 0x4000][value] as number);
  return halves.flatMap((value) => [value & 255, value >> 8]);
};

/** An EXR of 3 x 2 pixels, half floats: R is 1, G the column, B the row. Channels lie in the order of their names. */
function exrFile(compression: number): Uint8Array<ArrayBuffer> {
  const attribute = (name: string, type: string, value: readonly number[]) => [
    ...bytesOf(name, [0], type, [0]),
    ...word(value.length),
    ...value,
  ];
  const channel = (name: string) => [...bytesOf(name, [0]), ...word(1), ...word(0), ...word(1), ...word(1)];
  const header = [
    ...word(20000630),
    ...word(2),
    ...attribute('channels', 'chlist', [...channel('B'), ...channel('G'), ...channel('R'), 0]),
    ...attribute('compression', 'compression', [compression]),
    ...attribute('dataWindow', 'box2i', [0, 0, 2, 1].flatMap(word)),
    0,
  ];
  const groups = compression === 3 ? [[0, 1]] : [[0], [1]];
  const blocks = groups.map((rows) => {
    const raw = rows.flatMap(row);
    const packed = compression === 0 ? raw : pack(raw);
    return [...word(rows[0] as number), ...word(packed.length), ...packed];
  });
  let offset = header.length + blocks.length * 8;
  const table = blocks.flatMap((block) => {
    offset += block.length;
    return [...word(offset - block.length), 0, 0, 0, 0];
  });
  return Uint8Array.from([...header, ...table, ...blocks.flat()]);
}

function pack(raw: readonly number[]): number[] {
  const split = [...raw.filter((_, index) => index % 2 === 0), ...raw.filter((_, index) => index % 2 === 1)];
  const steps = split.map((value, index) => (index === 0 ? value : (value - (split[index - 1] as number) + 384) & 255));
  const packed = [...deflateSync(Uint8Array.from(steps))];
  return packed.length < raw.length ? packed : [...raw];
}

test.each([
  ['uncompressed', 0],
  ['ZIPS', 2],
  ['ZIP', 3],
])('an %s OpenEXR picture is read', async (_name, compression) => {
  const { widthPixels, heightPixels, pixels } = await decodeOpenExr(exrFile(compression));
  expect([widthPixels, heightPixels]).toEqual([3, 2]);
  expect(Array.from(pixels)).toEqual([1, 0, 0, 1, 1, 0, 1, 2, 0, 1, 0, 1, 1, 1, 1, 1, 2, 1]);
});

describe('a broken environment is refused', () => {
  test.each([
    [
      'an empty file',
      new Uint8Array(0),
      'invalid-field: environment: it is neither a Radiance picture (#?) nor an OpenEXR file',
    ],
    [
      'a header without end',
      bytesOf('#?RADIANCE\n\n'),
      'invalid-field: environment: its header does not end within 12 bytes',
    ],
    [
      'a picture stored sideways',
      bytesOf(hdrHeader, '+X 2 -Y 2\n'),
      'invalid-field: environment: its size line is "+X 2 -Y 2"; -Y h +X w can be read',
    ],
    [
      'a picture of the wrong kind',
      bytesOf('#?RADIANCE\nFORMAT=32-bit_rle_xyze\n\n', '-Y 2 +X 2\n'),
      'invalid-field: environment: "FORMAT=32-bit_rle_xyze" cannot be read; FORMAT=32-bit_rle_rgbe can',
    ],
    [
      'a huge picture in a small file',
      bytesOf(hdrHeader, '-Y 99999 +X 99999\n'),
      'limit-exceeded: environment has 99999 x 99999 pixels; the limits are 16384 a side and 33554432 in all',
    ],
    [
      'a row that is missing',
      hdrFile().slice(0, 72),
      'truncated: environment: rows[1] asks for 73 bytes, but only 72 are there',
    ],
    [
      'a run past the end of its row',
      hdrFile().fill(140, 61, 62),
      'invalid-field: environment: row 1 has a run of 12 at column 0 of 8',
    ],
  ])('%s', async (_name, file, message) => {
    expect(await refusalOf(loadEnvironment(createMemorySource(file)))).toBe(message);
  });

  test('every cut and thousands of mutations of both formats end in a picture or in a refusal', async () => {
    let state = 7;
    const random = (limit: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    };
    const originals = [hdrFile(), exrFile(0), exrFile(2), exrFile(3)];
    const outcomes = { read: 0, refused: 0 };
    for (let round = 0; round < 4000; round += 1) {
      const original = originals[round % 4] as Uint8Array<ArrayBuffer>;
      const file = original.slice(0, round % 5 === 0 ? random(original.length) : original.length);
      for (let change = 0; change <= random(3); change += 1)
        if (file.length > 0) file[random(file.length)] = random(256);
      try {
        await (round % 4 === 0 ? Promise.resolve().then(() => decodeRadianceHdr(file)) : decodeOpenExr(file));
        outcomes.read += 1;
      } catch (error) {
        if (!(error instanceof SceneError)) throw error;
        outcomes.refused += 1;
      }
    }
    expect(outcomes.read).toBeGreaterThan(300);
    expect(outcomes.refused).toBeGreaterThan(1000);
  }, 60_000);
});

test('the series of cosine and sine agree with the engine', () => {
  for (let step = 0; step <= 1000; step += 1) {
    const [cosine, sine] = cosineSineOfTurn(step / 1000);
    expect(Math.abs(cosine - Math.cos((step / 500) * Math.PI))).toBeLessThan(1e-15 * 4);
    expect(Math.abs(sine - Math.sin((step / 500) * Math.PI))).toBeLessThan(1e-15 * 4);
  }
});

test('the map keeps the light of the picture: its luminance over the sphere is four pi of a constant one', () => {
  const pixels = new Float32Array(64 * 32 * 3).fill(2);
  const { totalLuminance, texels } = buildEnvironmentMap({ widthPixels: 64, heightPixels: 32, pixels });
  expect(totalLuminance / (8 * Math.PI)).toBeCloseTo(1, 2);
  for (let texel = 0; texel < 32 * 32; texel += 1) expect(texels[texel * 4]).toBeCloseTo(2, 5);
});
