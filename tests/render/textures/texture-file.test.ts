import { encode } from 'fast-png';
import jpeg from 'jpeg-js';
import { describe, expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';
import { SceneError } from '../../../worker/render/scene/scene-error.ts';
import { decodeTexture } from '../../../worker/render/textures/texture-image.ts';
import { webpFiles } from '../scene/compressed-fixture.ts';
import { type DocumentEdit, glbOf, squareBinary, squareDocument } from '../scene/glb-fixture.ts';
import { refusalOf } from '../scene/refusal-of.ts';

const pixels = Uint8Array.of(255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30);
const png = Uint8Array.from(encode({ width: 2, height: 2, data: pixels, channels: 3 }));

/** Byte at which the square's binary ends: images come next, then coordinates. */
const imageOffset = 108;

function texturedSquare(
  image: Uint8Array,
  change: (document: DocumentEdit) => void = () => {},
): Uint8Array<ArrayBuffer> {
  const length = Math.ceil(image.length / 4) * 4;
  const binary = new Uint8Array(imageOffset + length + 32);
  binary.set(new Uint8Array(squareBinary().buffer));
  binary.set(image, imageOffset);
  new Float32Array(binary.buffer, imageOffset + length, 8).set([0, 1, 1, 1, 1, 0, 0, 0]);
  const document = squareDocument((edit) => {
    edit.set('buffers.0.byteLength', binary.length);
    edit.set('bufferViews.3', { buffer: 0, byteOffset: imageOffset, byteLength: image.length });
    edit.set('bufferViews.4', { buffer: 0, byteOffset: imageOffset + length, byteLength: 32 });
    edit.set('accessors.3', { bufferView: 4, componentType: 5126, count: 4, type: 'VEC2' });
    edit.set('meshes.0.primitives.0.attributes.TEXCOORD_0', 3);
    edit.set('images', [{ bufferView: 3, mimeType: 'image/png' }]);
    edit.set('samplers', [{ wrapS: 33071, wrapT: 33648, magFilter: 9728 }]);
    edit.set('textures', [{ source: 0, sampler: 0 }]);
    edit.set('materials.0.pbrMetallicRoughness.baseColorTexture', {
      index: 0,
      extensions: { KHR_texture_transform: { offset: [0.5, 0], scale: [2, 3], rotation: 1 } },
    });
    change(edit);
  });
  return glbOf(document, new DataView(binary.buffer));
}

function load(image: Uint8Array, change?: (document: DocumentEdit) => void): Promise<Scene> {
  return loadScene(createMemorySource(texturedSquare(image, change)));
}

test('a textured square arrives with its texels, coordinates, wrapping and transform', async () => {
  const { images, textureCoordinates, materials } = await load(png);
  expect(images?.map(({ widthPixels, heightPixels }) => [widthPixels, heightPixels])).toEqual([[2, 2]]);
  expect(Array.from(images?.[0]?.bytes ?? [])).toEqual([
    255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255, 10, 20, 30, 255,
  ]);
  expect(textureCoordinates).toEqual(Float32Array.of(0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0));
  expect(materials[0]?.textures?.baseColor).toEqual({
    imageIndex: 0,
    wrapU: 'clamp',
    wrapV: 'mirror',
    isNearest: true,
    offset: [0.5, 0],
    scale: [2, 3],
    rotationRadians: 1,
  });
});

test.each([
  ['grey', { data: Uint8Array.of(7, 9), channels: 1 }, [7, 7, 7, 255, 9, 9, 9, 255]],
  ['grey with alpha', { data: Uint8Array.of(7, 1, 9, 2), channels: 2 }, [7, 7, 7, 1, 9, 9, 9, 2]],
  ['colour with alpha', { data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8), channels: 4 }, [1, 2, 3, 4, 5, 6, 7, 8]],
  [
    '16 bits',
    { data: Uint16Array.of(0x1234, 0x5678, 0, 0xffff, 1, 0x100), channels: 3, depth: 16 },
    [0x12, 0x56, 0, 255, 255, 0, 1, 255],
  ],
] as const)('a PNG of %s is decoded', async (_name, picture, expected) => {
  const file = Uint8Array.from(encode({ width: 2, height: 1, ...picture }));
  expect(Array.from((await decodeTexture(file, 'images[0]')).bytes)).toEqual(expected);
});

test('a JPEG is decoded, close to what was encoded', async () => {
  const data = new Uint8Array(16 * 16 * 4).map((_, index) => [200, 100, 50, 255][index & 3] as number);
  const file = Uint8Array.from(jpeg.encode({ width: 16, height: 16, data }, 95).data);
  const { widthPixels, heightPixels, bytes } = await decodeTexture(file, 'images[0]');
  expect([widthPixels, heightPixels]).toEqual([16, 16]);
  [200, 100, 50].forEach((value, channel) => expect(Math.abs((bytes[channel] as number) - value)).toBeLessThan(6));
});

/** The lossy file with bytes in place of some of its own: the canvas at 24, its picture in the chunk at 58. */
function webpWith(place: number, ...bytes: readonly number[]): Uint8Array<ArrayBuffer> {
  const file = webpFiles.lossy.slice();
  file.set(bytes, place);
  return file;
}

describe('a texture is refused with the field to look at', () => {
  const huge = png.slice();
  new DataView(huge.buffer).setUint32(16, 100_000);
  const bomb = Uint8Array.from(encode({ width: 2000, height: 2000, data: new Uint8Array(2000 * 2000), channels: 1 }));
  // The same pixels under a header that says 2 x 2.
  new DataView(bomb.buffer).setUint32(16, 2);
  new DataView(bomb.buffer).setUint32(20, 2);

  test.each<[string, Uint8Array, ((document: DocumentEdit) => void) | undefined, string]>([
    [
      'a GIF',
      Uint8Array.from('GIF89a----', (letter) => letter.charCodeAt(0)),
      undefined,
      'unsupported-feature: images[0] is neither PNG nor JPEG nor WebP nor KTX2',
    ],
    [
      'a PNG wider than allowed',
      huge,
      undefined,
      'limit-exceeded: images[0] has 100000 x 2 pixels; sides must lie in 1..8192',
    ],
    [
      'a PNG that inflates to more than its header says',
      bomb,
      undefined,
      'invalid-field: images[0] cannot be decoded: its pixels do not inflate to at most',
    ],
    [
      'a PNG that is cut',
      png.slice(0, 50),
      undefined,
      'invalid-field: images[0] cannot be decoded: a chunk ends at byte',
    ],
    [
      'a JPEG that is cut',
      Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 1, 2),
      undefined,
      'invalid-field: images[0] cannot be decoded: ',
    ],
    [
      'a WebP wider than allowed',
      webpWith(24, 0xff, 0xff),
      undefined,
      'limit-exceeded: images[0] has 65536 x 16 pixels; sides must lie in 1..8192',
    ],
    [
      'a WebP of more pixels than all images may have',
      webpWith(24, 0xff, 0x1f, 0, 0xff, 0x1f),
      undefined,
      'limit-exceeded: images[0] has 8192 x 8192 pixels; sides must lie in 1..8192, and all images have 33554432 together',
    ],
    [
      'a WebP whose picture is larger than its canvas',
      webpWith(58 + 8 + 6, 0xff, 0x3f),
      undefined,
      'limit-exceeded: images[0] has 16383 x 16 pixels; sides must lie in 1..8192',
    ],
    [
      'a WebP that is cut',
      webpFiles.lossless.slice(0, 40),
      undefined,
      'invalid-field: images[0] cannot be decoded: its pixels are damaged, or it is an animation',
    ],
    [
      'a WebP without a picture',
      webpFiles.lossless.slice(0, 12),
      undefined,
      'invalid-field: images[0] cannot be decoded: it holds no picture',
    ],
    [
      'an image by URI',
      png,
      (document) => document.set('images.0', { uri: 'http://example.org/a.png' }),
      'unsupported-feature: images[0].uri uses a URI',
    ],
    [
      'an image in no buffer view',
      png,
      (document) => document.set('images.0.bufferView', 99),
      'out-of-range: images[0].bufferView is 99, but bufferViews has 5 entries',
    ],
    [
      'a texture without a source',
      png,
      (document) => document.remove('textures.0.source'),
      'unsupported-feature: textures[0] uses an image of another format than PNG, JPEG, WebP and KTX2',
    ],
    [
      'a sampler that wraps in an unknown way',
      png,
      (document) => document.set('samplers.0.wrapS', 1),
      'unsupported-feature: samplers[0].wrapS uses an unknown way to wrap',
    ],
    [
      'coordinates of another count',
      png,
      (document) => document.set('accessors.3.count', 3),
      'out-of-range: meshes[0].primitives[0].attributes.TEXCOORD_0 has 3 elements, but POSITION has 4',
    ],
    [
      'a second set of coordinates',
      png,
      (document) => document.set('materials.0.pbrMetallicRoughness.baseColorTexture.texCoord', 1),
      'unsupported-feature: materials[0].pbrMetallicRoughness.baseColorTexture.texCoord uses a second set of texture coordinates',
    ],
  ])('%s', async (_name, image, change, expected) => {
    const message = await refusalOf(load(image, change));
    expect(message.slice(0, expected.length)).toBe(expected);
  });
});

test('a WebP without loss arrives as it was, alpha and all', async () => {
  const { widthPixels, heightPixels, bytes } = await decodeTexture(webpFiles.lossless, 'images[0]');
  expect([widthPixels, heightPixels, ...bytes]).toEqual([
    2, 2, 255, 0, 0, 255, 0, 255, 0, 128, 0, 0, 255, 255, 10, 20, 30, 0,
  ]);
});

test('a WebP with loss is decoded, close to what was encoded', async () => {
  const { widthPixels, heightPixels, bytes } = await decodeTexture(webpFiles.lossy, 'images[0]');
  expect([widthPixels, heightPixels]).toEqual([16, 16]);
  [200, 100, 50].forEach((value, channel) => expect(Math.abs((bytes[channel] as number) - value)).toBeLessThan(6));
  expect([bytes[3], bytes.at(-1)]).toEqual([255, 64]);
});

test('a texture shows its WebP rather than the picture for other readers', async () => {
  const { images } = await load(webpFiles.lossless, (document) => {
    document.set('images.1', { bufferView: 0 });
    document.set('textures.0', { source: 1, extensions: { EXT_texture_webp: { source: 0 } } });
    document.set('extensionsRequired', ['EXT_texture_webp']);
  });
  expect(images?.map(({ widthPixels }) => widthPixels)).toEqual([2]);
});

test('six thousand mutations of a textured scene end in a scene or in a refusal', async () => {
  const data = new Uint8Array(8 * 8 * 4).map((_, index) => (index * 37) & 255);
  const jpegFile = Uint8Array.from(jpeg.encode({ width: 8, height: 8, data }, 80).data);
  const originals = [png, jpegFile, webpFiles.lossless, webpFiles.lossy].map((image) => texturedSquare(image));
  let state = 5;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const outcomes = { loaded: 0, refused: 0 };
  for (let round = 0; round < 6000; round += 1) {
    const file = (originals[round & 3] as Uint8Array<ArrayBuffer>).slice();
    // Two thirds of the changes meet the binary chunk, where the image lies.
    const imageBytes = [110, 700, 66, 110][round & 3] as number;
    const from = round % 3 === 0 ? 0 : file.length - 32 - imageBytes;
    for (let change = 0; change <= random(3); change += 1) file[from + random(file.length - from)] = random(256);
    try {
      await loadScene(createMemorySource(file));
      outcomes.loaded += 1;
    } catch (error) {
      if (!(error instanceof SceneError)) throw error;
      outcomes.refused += 1;
    }
  }
  expect(outcomes.loaded).toBeGreaterThan(300);
  expect(outcomes.refused).toBeGreaterThan(1000);
}, 60_000);

test('quantised positions and coordinates stand for the same square', async () => {
  const file = texturedSquare(png, (document) => {
    document.set('extensionsUsed', ['KHR_mesh_quantization']);
    document.set('extensionsRequired', ['KHR_mesh_quantization']);
    document.set('accessors.0', {
      bufferView: 0,
      byteOffset: 0,
      componentType: 5122,
      normalized: true,
      count: 4,
      type: 'VEC3',
    });
    document.set('bufferViews.0.byteStride', 8);
  });
  const start = file.length - (imageOffset + Math.ceil(png.length / 4) * 4 + 32);
  const view = new DataView(file.buffer);
  [0, 0, 32_767, 0, 32_767, 32_767, 0, 32_767].forEach((value, index) => {
    view.setInt16(start + (index >> 1) * 8 + (index & 1) * 2, value, true);
    view.setInt16(start + (index >> 1) * 8 + 4, 0, true);
  });
  const { positions } = await loadScene(createMemorySource(file));
  expect(positions).toEqual(Float32Array.of(0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0));
});
