import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import { SceneError } from '../../../worker/render/scene/scene-error.ts';
import { decodeTexture } from '../../../worker/render/textures/texture-image.ts';
import { ktx2Files } from '../../fixtures/textures/ktx2-files.ts';
import { samplePicture, samplePixels } from '../../fixtures/textures/sample-picture.ts';
import { extendedSquare } from '../scene/glb-fixture.ts';
import { refusalOf } from '../scene/refusal-of.ts';

const fileNames = ['etc1s', 'etc1sAlpha', 'uastc', 'uastcAlphaZstd'] as const;

/** A file with words in place of some of its own. */
function changed(name: (typeof fileNames)[number], ...words: readonly (readonly [offset: number, word: number])[]) {
  const file = ktx2Files[name].slice();
  for (const [offset, word] of words) new DataView(file.buffer).setUint32(offset, word, true);
  return file;
}

function descriptorOf(name: (typeof fileNames)[number]): number {
  return new DataView(ktx2Files[name].buffer).getUint32(48, true);
}

/** Root of the mean squared difference from what was encoded, in codes of 0 to 255. */
function distance(bytes: Uint8Array, isOpaque: boolean): number {
  const original = samplePixels(isOpaque);
  const sum = bytes.reduce((total, code, index) => total + (code - (original[index] as number)) ** 2, 0);
  return Math.sqrt(sum / bytes.length);
}

// ETC1S gives each block of 4 x 4 two colours along one grey line, so these gradients cost it most.
test.each([
  ['etc1s', true, 12],
  ['etc1sAlpha', false, 12],
  ['uastc', true, 1],
  ['uastcAlphaZstd', false, 4],
] as const)('a KTX2 file (%s) is decoded, close to what was encoded', async (name, isOpaque, furthest) => {
  const { widthPixels, heightPixels, bytes } = await decodeTexture(ktx2Files[name], 'images[0]');
  expect({ widthPixels, heightPixels }).toEqual(samplePicture);
  expect(distance(bytes, isOpaque)).toBeLessThan(furthest);
});

test('a KTX2 file gives the same bytes on every machine, also after a damaged one', async () => {
  const hashes: string[] = [];
  for (const name of fileNames) {
    await refusalOf(decodeTexture(ktx2Files.uastcAlphaZstd.slice(0, 700), 'images[0]'));
    const { bytes } = await decodeTexture(ktx2Files[name], 'images[0]');
    hashes.push(createHash('sha256').update(bytes).digest('hex').slice(0, 16));
  }
  expect(hashes).toMatchInlineSnapshot(`
    [
      "8b3a54ec1f195cf0",
      "b34f322d9b3a4801",
      "c0a77d7a07c44b43",
      "1ac8dbe59d280eb7",
    ]
  `);
});

test('a texture shows its KTX2 rather than the picture for other readers', async () => {
  const glb = extendedSquare((add) => {
    add.set('meshes.0.primitives.0.attributes.TEXCOORD_0', add.entry({ componentType: 5126, count: 4, type: 'VEC2' }));
    add.set('images', [{ bufferView: add.view(ktx2Files.uastc), mimeType: 'image/ktx2' }, { bufferView: 0 }]);
    add.set('textures', [{ source: 1, extensions: { KHR_texture_basisu: { source: 0 } } }]);
    add.set('materials.0.pbrMetallicRoughness.baseColorTexture', { index: 0 });
    add.set('extensionsRequired', ['KHR_texture_basisu']);
  });
  const { images } = await loadScene(createMemorySource(glb));
  expect(images?.map(({ widthPixels }) => widthPixels)).toEqual([samplePicture.widthPixels]);
});

describe('a KTX2 file is refused with the field to look at', () => {
  const onlyBasis = 'only single pictures of Basis Universal are read';
  test.each<[string, Uint8Array<ArrayBuffer>, string]>([
    [
      'cut in its header',
      ktx2Files.uastc.slice(0, 90),
      'invalid-field: images[0] cannot be decoded: its header ends at byte 90',
    ],
    [
      'cut in its pixels',
      ktx2Files.uastc.slice(0, -100),
      'invalid-field: images[0] cannot be decoded: its level 0 ends at byte 1184 of 1084',
    ],
    [
      'of a format of the GPU',
      changed('uastc', [12, 37]),
      `unsupported-feature: images[0] is a KTX2 file whose vkFormat is 37; ${onlyBasis}`,
    ],
    [
      'without width',
      changed('uastc', [20, 0]),
      'limit-exceeded: images[0] has 0 x 18 pixels; sides must lie in 1..8192',
    ],
    [
      'wider than allowed',
      changed('uastc', [20, 100_000]),
      'limit-exceeded: images[0] has 100000 x 18 pixels; sides must lie in 1..8192',
    ],
    [
      'of more pixels than all images may have',
      changed('uastc', [20, 8192], [24, 8192]),
      'limit-exceeded: images[0] has 8192 x 8192 pixels',
    ],
    [
      'that is a volume',
      changed('uastc', [28, 4]),
      `unsupported-feature: images[0] is a KTX2 file whose pixelDepth is 4; ${onlyBasis}`,
    ],
    [
      'that is a list',
      changed('uastc', [32, 3]),
      `unsupported-feature: images[0] is a KTX2 file whose layerCount is 3; ${onlyBasis}`,
    ],
    [
      'that is a cube',
      changed('uastc', [36, 6]),
      `unsupported-feature: images[0] is a KTX2 file whose faceCount is 6; ${onlyBasis}`,
    ],
    [
      'of too many levels',
      changed('uastc', [40, 0xffff_ffff]),
      'invalid-field: images[0] cannot be decoded: its levelCount is 4294967295; the limit is 14',
    ],
    [
      'packed by ZLIB',
      changed('uastc', [44, 3]),
      `unsupported-feature: images[0] is a KTX2 file whose supercompressionScheme is 3; ${onlyBasis}`,
    ],
    [
      'whose descriptor lies beyond it',
      changed('uastc', [48, 5000]),
      'invalid-field: images[0] cannot be decoded: its data format descriptor ends at byte 5044 of 1184',
    ],
    [
      'whose level lies beyond it',
      changed('uastc', [84, 1]),
      'invalid-field: images[0] cannot be decoded: its level 0 ends at byte 4294968480 of 1184',
    ],
    [
      'whose tables lie beyond it',
      changed('etc1s', [72, 70_000]),
      'invalid-field: images[0] cannot be decoded: its supercompression data ends at byte ',
    ],
    [
      'that would unfold to something else',
      changed('uastcAlphaZstd', [96, 0x7fff_ffff]),
      'invalid-field: images[0] cannot be decoded: its level 0 unfolds to 2147483647 bytes, not 640',
    ],
    [
      'of another color model',
      changed('uastc', [descriptorOf('uastc') + 12, 162]),
      `unsupported-feature: images[0] is a KTX2 file whose colorModel is 162; ${onlyBasis}`,
    ],
    [
      'of two channels for a shader to take apart',
      changed('etc1sAlpha', [descriptorOf('etc1sAlpha') + 44, 0x043f_0040]),
      `unsupported-feature: images[0] is a KTX2 file whose channel of sample 1 is 4; ${onlyBasis}`,
    ],
    [
      'whose tables are damaged',
      damaged('etc1s', 64),
      'invalid-field: images[0] cannot be decoded: its tables are damaged',
    ],
    [
      'whose pixels are damaged',
      damaged('uastcAlphaZstd', 80),
      'invalid-field: images[0] cannot be decoded: its pixels are damaged',
    ],
    [
      'that stands on its head',
      upsideDown(),
      'unsupported-feature: images[0] is a KTX2 file whose KTXorientation is "ru"; glTF asks for "rd"',
    ],
  ])('%s', async (_name, file, expected) => {
    const message = await refusalOf(decodeTexture(file, 'images[0]'));
    expect(message.slice(0, expected.length)).toBe(expected);
  });
});

/** Ones in place of the first bytes of what a 64-bit offset in the header points to. */
function damaged(name: (typeof fileNames)[number], offset: number): Uint8Array<ArrayBuffer> {
  const file = ktx2Files[name].slice();
  const start = new DataView(file.buffer).getUint32(offset, true);
  return file.fill(255, start, start + 24);
}

/** Key/value data in the last 24 bytes, whose pixels nobody comes to see. */
function upsideDown(): Uint8Array<ArrayBuffer> {
  const file = changed('uastc', [56, ktx2Files.uastc.length - 24], [60, 24], [ktx2Files.uastc.length - 24, 18]);
  file.set(Buffer.from('KTXorientation\0ru\0'), file.length - 20);
  return file;
}

test('two hundred mutations of KTX2 files end in a picture or in a refusal', async () => {
  let state = 11;
  const random = (limit: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const outcomes = { decoded: 0, refused: 0 };
  for (let round = 0; round < 200; round += 1) {
    const file = ktx2Files[fileNames[round & 3] as (typeof fileNames)[number]].slice();
    // A quarter of the changes meet the header.
    const from = round % 16 < 4 ? 0 : 104;
    for (let change = 0; change <= random(3); change += 1) file[from + random(file.length - from)] = random(256);
    try {
      await decodeTexture(file, 'images[0]');
      outcomes.decoded += 1;
    } catch (error) {
      if (!(error instanceof SceneError)) throw error;
      outcomes.refused += 1;
    }
  }
  expect(outcomes.decoded).toBeGreaterThan(25);
  expect(outcomes.refused).toBeGreaterThan(25);
}, 60_000);
