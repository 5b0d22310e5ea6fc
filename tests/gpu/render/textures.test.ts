import { beforeAll, describe, expect, test } from 'vitest';
import type { Material, Scene, TextureSlot, Vector3 } from '../../../worker/render/scene/scene.ts';
import { createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import { meanColor, srgbTable } from '../../../worker/render/textures/texel-buffer.ts';
import type { TextureImage } from '../../../worker/render/textures/texture-image.ts';
import { getTestDevice } from '../test-device.ts';
import { renderMeans } from './render-sums.ts';
import { cameraAt, quad, sceneOf, white } from './scene-fixtures.ts';

const settings = { widthPixels: 8, heightPixels: 8, seed: 3, maxBounces: 1 };
const plain: TextureSlot = {
  imageIndex: 0,
  wrapU: 'repeat',
  wrapV: 'repeat',
  isNearest: true,
  offset: [0, 0],
  scale: [1, 1],
  rotationRadians: 0,
};

/** 2 x 2 texels: red, green / blue, grey. */
const fourColors: TextureImage = imageOf(2, [255, 0, 0], [0, 255, 0], [0, 0, 255], [128, 128, 128]);

function imageOf(width: number, ...colors: readonly (readonly [number, number, number])[]): TextureImage {
  const bytes = Uint8Array.from(colors.flatMap((color) => [...color, 255]));
  return { widthPixels: width, heightPixels: colors.length / width, bytes };
}

/** A square from (-1, -1) to (1, 1) that fills the picture; u runs to the right, v downwards, as glTF has it. */
function screen(
  material: Partial<Material>,
  image: TextureImage,
  lights: Pick<Scene, 'punctualLights'> = { punctualLights: [] },
): Scene {
  const scene = sceneOf(quad([-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0], 0), {
    materials: [{ ...white, ...material }],
    camera: cameraAt([0, 0, 10], 2 * Math.atan(0.1)),
  });
  return {
    ...scene,
    ...lights,
    images: [image],
    textureCoordinates: Float32Array.of(0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0),
  };
}

async function pictureOf(scene: Scene, samples = 4): Promise<(x: number, y: number) => Vector3> {
  const renderer = await createSceneRenderer(await getTestDevice(), scene, settings);
  const means = await renderMeans(renderer, settings, samples);
  renderer.destroy();
  return (x, y) => Array.from(means.subarray((y * 8 + x) * 3, (y * 8 + x) * 3 + 3)) as unknown as Vector3;
}

const name = ([red, green, blue]: Vector3) => {
  if (red > 0.9) return 'red';
  if (green > 0.9) return 'green';
  return blue > 0.9 ? 'blue' : 'grey';
};

/** What the unlit square shows in the middle of its four quarters: top left, top right, bottom left, bottom right. */
async function quarters(slot: TextureSlot, image = fourColors): Promise<string> {
  const at = await pictureOf(screen({ isUnlit: true, textures: { baseColor: slot } }, image));
  return [at(1, 1), at(6, 1), at(1, 6), at(6, 6)].map(name).join(' ');
}

beforeAll(async () => {
  await pictureOf(screen({ isUnlit: true, textures: { baseColor: plain } }, fourColors), 1);
}, 180_000);

describe('a base colour texture', () => {
  const half = Math.PI / 2;
  test.each([
    ['lies with its first texel at the top left', plain, 'red green blue grey'],
    ['moves by its offset', { ...plain, offset: [0.5, 0] }, 'green red grey blue'],
    ['is turned counter-clockwise in its coordinates', { ...plain, rotationRadians: half }, 'blue red grey green'],
    ['repeats', { ...plain, offset: [7, -3] }, 'red green blue grey'],
    ['is clamped', { ...plain, wrapU: 'clamp', offset: [1, 0] }, 'green green grey grey'],
    ['is mirrored', { ...plain, wrapU: 'mirror', offset: [1, 0] }, 'green red grey blue'],
  ] as const)('%s', async (_name, slot, expected) => {
    expect(await quarters(slot)).toBe(expected);
  });

  test('is decoded from sRGB', async () => {
    const at = await pictureOf(screen({ isUnlit: true, textures: { baseColor: plain } }, fourColors));
    at(6, 6).forEach((value) => expect(value).toBeCloseTo(srgbTable[128] as number, 4));
    expect(srgbTable[128]).toBeCloseTo(((128 / 255 + 0.055) / 1.055) ** 2.4, 12);
  });

  test('is interpolated between texels', async () => {
    const image = imageOf(2, [0, 0, 0], [255, 255, 255]);
    const slot = { ...plain, isNearest: false, wrapU: 'clamp' } as const;
    const at = await pictureOf(screen({ isUnlit: true, textures: { baseColor: slot } }, image), 64);
    // Pixel 3 covers u in 3/8..4/8: a quarter of the way from the middle of one texel to that of the other at its left edge.
    expect(at(3, 4)[0]).toBeCloseTo(0.375, 2);
    expect(at(4, 4)[0]).toBeCloseTo(0.625, 2);
  });
});

test('an emissive texture lights a wall as an even lamp of its mean does', async () => {
  const image = imageOf(2, [255, 255, 255], [0, 0, 0], [0, 0, 0], [255, 255, 255]);
  const mean = meanColor(image)[0];
  expect(mean).toBe(0.5);
  const light = async (textures: Pick<Material, 'textures'>, brightness: number) => {
    const room = sceneOf(
      [
        ...quad([-4, -1, 1], [4, -1, 1], [4, -1, -9], [-4, -1, -9], 0),
        ...quad([-1, 3, -3], [1, 3, -3], [1, 3, -1], [-1, 3, -1], 1),
      ],
      {
        materials: [
          { ...white, baseColor: [0.5, 0.5, 0.5] },
          {
            ...white,
            baseColor: [0, 0, 0],
            emission: [brightness, brightness, brightness],
            doubleSided: true,
            ...textures,
          },
        ],
        camera: { ...cameraAt([0, 2.5, -2], 0.8), forward: [0, -1, 0], up: [0, 0, -1] },
      },
    );
    const coordinates = Float32Array.of(...Array.from({ length: 12 }, () => 0), 0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0);
    const at = await pictureOf({ ...room, images: [image], textureCoordinates: coordinates }, 256);
    let sum = 0;
    for (let pixel = 0; pixel < 64; pixel += 1) sum += at(pixel & 7, pixel >> 3)[0];
    return sum / 64;
  };
  const [textured, even] = [await light({ textures: { emission: plain } }, 8), await light({}, 4)];
  expect(textured / even).toBeGreaterThan(0.98);
  expect(textured / even).toBeLessThan(1.02);
});

const sun = (direction: Vector3) =>
  ({ punctualLights: [{ kind: 'directional', position: [0, 0, 0], direction, intensity: [1, 1, 1] }] }) as const;

/** Of the middle of the square under a sun, its normals all from one texel. */
const brightness = async (texel: readonly [number, number, number], direction: Vector3) => {
  const scene = screen({ textures: { normal: plain } }, imageOf(1, texel), sun(direction));
  return (await pictureOf(scene, 16))(4, 4)[0];
};

test('a normal texture tilts the light: red leans to the right, green upwards', async () => {
  const lean = Math.SQRT1_2;
  const level = await brightness([128, 128, 255], [0, 0, -1]);
  const [fromRight, fromLeft] = [
    await brightness([218, 128, 218], [-lean, 0, -lean]),
    await brightness([218, 128, 218], [lean, 0, -lean]),
  ];
  const [fromAbove, fromBelow] = [
    await brightness([128, 218, 218], [0, -lean, -lean]),
    await brightness([128, 218, 218], [0, lean, -lean]),
  ];
  expect(fromRight).toBeGreaterThan(fromLeft * 5);
  expect(fromAbove).toBeGreaterThan(fromBelow * 5);
  expect(fromRight / level).toBeGreaterThan(0.8);
  expect(fromAbove / fromRight).toBeCloseTo(1, 1);
});

test('roughness and metalness come from green and blue', async () => {
  const lamp = {
    punctualLights: [{ kind: 'directional', position: [0, 0, 0], direction: [0, 0, -1], intensity: [1, 1, 1] }],
  } as const;
  const at = async (texel: readonly [number, number, number], material: Partial<Material>) =>
    (await pictureOf(screen(material, imageOf(1, texel), lamp), 16))(4, 4)[0];
  const factors = { metallic: 1, roughness: 1, textures: { metallicRoughness: plain } };
  expect(await at([0, 153, 255], factors)).toBeCloseTo(await at([0, 255, 255], { metallic: 1, roughness: 0.6 }), 3);
  expect(await at([77, 255, 0], factors)).toBeCloseTo(await at([0, 0, 0], { metallic: 0, roughness: 1 }), 3);
});
