import { expect, test } from 'vitest';
import type { Material, Vector3 } from '../../../worker/render/scene/scene.ts';
import { imageOf, meansOf, texture, whitePixel } from './full-scene.ts';
import { cameraAt, quad, sceneOf, white } from './scene-fixtures.ts';

/** A metal square under a sun that leans to the right or upwards. */
async function brightnessUnder(
  material: Partial<Material>,
  lean: 'right' | 'up',
  image: readonly number[] = whitePixel,
): Promise<number> {
  const direction: Vector3 = lean === 'right' ? [-0.6, 0, -0.8] : [0, -0.6, -0.8];
  const scene = sceneOf(quad([-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0], 0), {
    materials: [{ ...white, metallic: 1, roughness: 0.3, ...material }],
    camera: cameraAt([0, 0, 10], 2 * Math.atan(0.1)),
    punctualLights: [{ kind: 'directional', position: [0, 0, 0], direction, intensity: [1, 1, 1] }],
  });
  const textureCoordinates = Float32Array.of(0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0);
  const means = await meansOf({ ...scene, images: [imageOf(image)], textureCoordinates }, 4);
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

const stretched = (rotationRadians: number) => ({ anisotropy: { strength: 0.9, rotationRadians } });

test('a stretched highlight lies along u, turns with the rotation and with the texture, and has its strength', async () => {
  const along = await brightnessUnder(stretched(0), 'right');
  const across = await brightnessUnder(stretched(0), 'up');
  expect(along).toBeGreaterThan(across * 3);
  expect((await brightnessUnder(stretched(Math.PI / 2), 'up')) / along).toBeCloseTo(1, 2);
  const byTexture = { ...stretched(0), textures: { extensions: { anisotropy: texture } } };
  // Red and green: the direction, here upwards; blue: the strength.
  expect((await brightnessUnder(byTexture, 'up', [128, 255, 255, 255])) / along).toBeCloseTo(1, 2);
  const halved = { anisotropy: { strength: 0.45, rotationRadians: Math.PI / 2 } };
  const weaker = await brightnessUnder(byTexture, 'up', [128, 255, 128, 255]);
  expect(weaker / (await brightnessUnder(halved, 'up'))).toBeCloseTo(1, 1);
}, 240_000);

test.each<
  [
    string,
    Partial<Material>,
    Partial<Material>,
    keyof NonNullable<NonNullable<Material['textures']>['extensions']>,
    readonly number[],
  ]
>([
  [
    'the specular strength by alpha',
    { specular: { factor: 1, color: [1, 1, 1] }, metallic: 0 },
    { specular: { factor: 0.2, color: [1, 1, 1] }, metallic: 0 },
    'specular',
    [9, 9, 9, 51],
  ],
  [
    'the clear coat by red',
    { clearcoat: { factor: 1, roughness: 0.3 } },
    { clearcoat: { factor: 0.2, roughness: 0.3 } },
    'clearcoat',
    [51, 9, 9, 9],
  ],
  [
    'the coat’s roughness by green',
    { clearcoat: { factor: 1, roughness: 1 } },
    { clearcoat: { factor: 1, roughness: 0.4 } },
    'clearcoatRoughness',
    [9, 102, 9, 9],
  ],
  [
    'the sheen’s roughness by alpha',
    { sheen: { color: [1, 1, 1], roughness: 1 } },
    { sheen: { color: [1, 1, 1], roughness: 0.4 } },
    'sheenRoughness',
    [9, 9, 9, 102],
  ],
  [
    'the film by red',
    { iridescence: { factor: 1, ior: 1.5, minimumNanometres: 9, maximumNanometres: 300 } },
    { iridescence: { factor: 0.6, ior: 1.5, minimumNanometres: 9, maximumNanometres: 300 } },
    'iridescence',
    [153, 9, 9, 9],
  ],
  [
    'the film’s thickness by green, from its minimum',
    { iridescence: { factor: 1, ior: 1.5, minimumNanometres: 200, maximumNanometres: 300 } },
    { iridescence: { factor: 1, ior: 1.5, minimumNanometres: 0, maximumNanometres: 240 } },
    'filmThickness',
    [9, 102, 9, 9],
  ],
])(
  'a texture scales %s',
  async (_name, textured, plain, use, image) => {
    const both = { ...textured, textures: { extensions: { [use]: texture } } };
    expect(await brightnessUnder(both, 'right', image)).toBeCloseTo(await brightnessUnder(plain, 'right'), 4);
  },
  240_000,
);

test('a clear coat leans by its own normal texture, and not by that of what lies below it', async () => {
  // A coat over nothing reflects as black plastic does.
  const plastic = { baseColor: [0, 0, 0], metallic: 0 } as const;
  const coat = {
    ...plastic,
    specular: { factor: 0, color: [1, 1, 1] as const },
    clearcoat: { factor: 1, roughness: 0.3 },
  };
  const leaning = [166, 128, 250, 255];
  const flat = await brightnessUnder(plastic, 'right');
  const bent = await brightnessUnder({ ...plastic, textures: { normal: texture } }, 'right', leaning);
  expect(bent).toBeGreaterThan(flat * 2);
  const own = { extensions: { clearcoatNormal: texture } };
  expect((await brightnessUnder({ ...coat, textures: own }, 'right', leaning)) / bent).toBeCloseTo(1, 3);
  expect((await brightnessUnder({ ...coat, textures: { normal: texture } }, 'right', leaning)) / flat).toBeCloseTo(
    1,
    3,
  );
  const unbent = { ...coat, textures: { ...own, clearcoatNormalScale: 0 } };
  expect((await brightnessUnder(unbent, 'right', leaning)) / flat).toBeCloseTo(1, 3);
}, 240_000);
