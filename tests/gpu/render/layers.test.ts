import { expect, test } from 'vitest';
import { anisotropicAlbedo } from '../../../worker/render/albedo/anisotropic.ts';
import { sheenAlbedoTable } from '../../../worker/render/albedo/sheen.ts';
import { albedoTableSize } from '../../../worker/render/albedo/table-grid.ts';
import {
  type SceneRenderer,
  type SceneRendererOptions,
  createSceneRenderer,
} from '../../../worker/render/scene-renderer.ts';
import type { Material, Scene, TextureSlot, Vector3 } from '../../../worker/render/scene/scene.ts';
import { filmReflectance, returnedShare, sheenLobe, stretchedLobe } from '../reference/layers.ts';
import { lobeAlbedo } from '../reference/surface.ts';
import type { TextureImage } from '../../../worker/render/textures/texture-image.ts';
import { getTestDevice } from '../test-device.ts';
import { meanLight } from './furnace.ts';
import { renderMeans } from './render-sums.ts';
import { cameraAt, facetedSphere, quad, sceneOf, seededRandom, white } from './scene-fixtures.ts';
import { evaluateDirections } from './surface-probe.ts';

const black: Partial<Material> = { baseColor: [0, 0, 0], specular: { factor: 0, color: [1, 1, 1] } };

function directionsAbove(count: number): Vector3[] {
  const random = seededRandom(43);
  return Array.from({ length: count }, () => {
    const z = 0.02 + 0.98 * random();
    const turn = random() * 2 * Math.PI;
    return [Math.sqrt(1 - z * z) * Math.cos(turn), Math.sqrt(1 - z * z) * Math.sin(turn), z];
  });
}

const viewAt = (cosine: number): Vector3 => [
  0.6 * Math.sqrt(1 - cosine ** 2),
  0.8 * Math.sqrt(1 - cosine ** 2),
  cosine,
];

test.each([
  ['coarse', 1, 0.8],
  ['soft', 0.5, 0.5],
  ['fine, nearly edge on', 0.3, 0.1],
])(
  'cloth scatters as a float64 formula says: %s',
  async (_name, roughness, cosine) => {
    const [wo, wanted] = [viewAt(cosine), directionsAbove(499)];
    const found = await evaluateDirections(
      { material: { ...black, sheen: { color: [1, 0.5, 0.2], roughness } }, wo },
      wanted,
    );
    wanted.forEach((wi, index) => {
      const expected = sheenLobe(wo, wi, roughness) * wi[2];
      expect(Math.abs((found[index * 4] as number) - expected)).toBeLessThan(1e-5 + expected * 1e-3);
      expect(found[index * 4 + 1] as number).toBeCloseTo((found[index * 4] as number) / 2, 5);
    });
  },
  120_000,
);

test('the table of what cloth returns agrees with a finer quadrature', () => {
  const last = albedoTableSize - 1;
  const errors = [6, 12, 20, 31].flatMap((row) =>
    [8, 16, 24, 31].map((column) => {
      const wo = viewAt((column / last) ** 2);
      const expected = returnedShare((wi) => sheenLobe(wo, wi, row / last), 300, 200);
      return Math.abs((sheenAlbedoTable()[(row * albedoTableSize + column) * 2] as number) - expected);
    }),
  );
  expect(Math.max(...errors)).toBeLessThan(2e-3);
});

test.each([
  ['a little', 0.6, 0.4, 0.7],
  ['much', 0.4, 0.9, 0.5],
  ['wholly, nearly edge on', 0.5, 1, 0.2],
])(
  'metal stretched %s scatters as a float64 formula says',
  async (_name, roughness, strength, cosine) => {
    const [wo, wanted] = [viewAt(cosine), directionsAbove(499)];
    const y = roughness ** 2;
    const x = y + (1 - y) * strength ** 2;
    const material = { metallic: 1, roughness, anisotropy: { strength, rotationRadians: 0 } };
    const found = await evaluateDirections({ material, wo }, wanted);
    const share = returnedShare((wi) => stretchedLobe(wo, wi, x, y)[0], 400, 400);
    wanted.forEach((wi, index) => {
      const [value, density] = stretchedLobe(wo, wi, x, y);
      expect(Math.abs((found[index * 4 + 3] as number) / density - 1)).toBeLessThan(1e-3);
      // The table in four dimensions is coarse.
      expect(Math.abs((found[index * 4] as number) / ((value * wi[2]) / share) - 1)).toBeLessThan(0.02);
    });
  },
  120_000,
);

test('the albedo of stretched lobes agrees with a plain quadrature, and unstretched ones with the other table', () => {
  for (const cosine of [0.2, 0.6, 1]) {
    for (const [x, y] of [
      [0.5, 0.2],
      [1, 0.3],
    ] as const) {
      const wo: Vector3 = [Math.sqrt((1 - cosine ** 2) * 0.25), Math.sqrt((1 - cosine ** 2) * 0.75), cosine];
      const expected = returnedShare((wi) => stretchedLobe(wo, wi, x, y)[0], 400, 300);
      expect(Math.abs(anisotropicAlbedo(cosine, 0.25, x, y)[0] - expected)).toBeLessThan(3e-3);
    }
    const [full, weighted] = lobeAlbedo(cosine, 0.4, 600, 64);
    const even = anisotropicAlbedo(cosine, 0.5, 0.4, 0.4);
    expect(Math.abs(even[0] - full)).toBeLessThan(3e-3);
    expect(Math.abs(even[1] - weighted)).toBeLessThan(3e-3);
  }
});

test.each([
  ['on plastic', 0, 1.4, 450, 0.8],
  ['of soap, thick', 0, 1.33, 900, 0.4],
  ['on gold', 1, 1.8, 320, 0.6],
  ['of no thickness', 1, 1.5, 0, 0.9],
])(
  'a film %s colours the reflection as the specification computes it in float64',
  async (_name, metallic, ior, nanometres, cosine) => {
    const [wo, wanted] = [viewAt(cosine), directionsAbove(64)];
    const baseColor: Vector3 = metallic === 1 ? [0.95, 0.7, 0.3] : [0, 0, 0];
    const film = { factor: 1, ior, minimumNanometres: 50, maximumNanometres: nanometres };
    const roughness = 0.4;
    const found = await evaluateDirections(
      { material: { baseColor, metallic, roughness, iridescence: film }, wo },
      wanted,
    );
    const reflected = filmReflectance(
      cosine,
      nanometres === 0 ? 1 : ior,
      nanometres,
      metallic === 1 ? baseColor : [0.04, 0.04, 0.04],
    );
    const [full] = lobeAlbedo(cosine, roughness ** 2, 600, 64);
    wanted.forEach((wi, index) => {
      const lobe = stretchedLobe(wo, wi, roughness ** 2, roughness ** 2)[0] * wi[2];
      reflected.forEach((share, channel) => {
        const expected = lobe * share * (1 + (share * (1 - full)) / full);
        expect(Math.abs((found[index * 4 + channel] as number) - expected)).toBeLessThan(1e-4 + expected * 5e-3);
      });
    });
  },
  120_000,
);

const texture: TextureSlot = {
  imageIndex: 0,
  wrapU: 'repeat',
  wrapV: 'repeat',
  isNearest: true,
  offset: [0, 0],
  scale: [1, 1],
  rotationRadians: 0,
};

/** Used by no triangle: with it every scene here uses the same features, so that one pipeline serves them all. */
const everything: Material = {
  ...white,
  clearcoat: { factor: 1, roughness: 0 },
  sheen: { color: [1, 1, 1], roughness: 0.5 },
  anisotropy: { strength: 1, rotationRadians: 0 },
  iridescence: { factor: 1, ior: 1.3, minimumNanometres: 100, maximumNanometres: 400 },
  textures: { extensions: { specular: texture } },
};

const whitePixel = [255, 255, 255, 255];

const settings = { widthPixels: 16, heightPixels: 16, seed: 6, maxBounces: 4 };

async function openFull(scene: Scene, options: SceneRendererOptions = {}): Promise<SceneRenderer> {
  const full = { ...scene, materials: [...scene.materials, everything] };
  return createSceneRenderer(await getTestDevice(), full, settings, options);
}

async function meansOf(scene: Scene, samples: number, options: SceneRendererOptions = {}): Promise<Float64Array> {
  const renderer = await openFull(scene, options);
  const means = await renderMeans(renderer, settings, samples);
  renderer.destroy();
  return means;
}

function imageOf(pixel: readonly number[]): TextureImage {
  return { widthPixels: 1, heightPixels: 1, bytes: Uint8Array.from(pixel) };
}

/** Longitude and latitude as texture coordinates, one after another in the order of the corners. */
function mapped(scene: Scene): Scene {
  const coordinates = new Float32Array(scene.triangleCount * 6);
  for (let corner = 0; corner < scene.triangleCount * 3; corner += 1) {
    const [x = 0, y = 0, z = 0] = scene.positions.subarray(corner * 3, corner * 3 + 3);
    coordinates.set([Math.atan2(z, x) / 6.2832, y], corner * 2);
  }
  return { ...scene, textureCoordinates: coordinates, images: [imageOf(whitePixel)] };
}

test.each<[string, Partial<Material>]>([
  ['cloth-covered', { sheen: { color: [1, 1, 1], roughness: 0.5 }, roughness: 0.9 }],
  ['velvet metal', { sheen: { color: [0.8, 0.8, 0.8], roughness: 0.8 }, metallic: 1, roughness: 0.4 }],
  ['brushed, stretched metal', { metallic: 1, roughness: 0.5, anisotropy: { strength: 0.7, rotationRadians: 0.5 } }],
  ['stretched plastic', { roughness: 0.4, anisotropy: { strength: 1, rotationRadians: 0 } }],
  [
    'filmed mirror',
    { metallic: 1, roughness: 0.3, iridescence: { factor: 1, ior: 1.3, minimumNanometres: 0, maximumNanometres: 400 } },
  ],
])(
  'a white %s ball disappears in a white world',
  async (_name, surface) => {
    const scene = sceneOf(facetedSphere(1, 12, 0), {
      materials: [{ ...white, ...surface }],
      camera: cameraAt([0, 0, 5], 0.26),
      background: [1, 1, 1],
    });
    const renderer = await openFull(mapped(scene));
    const { mean, error } = await meanLight(renderer, 256);
    renderer.destroy();
    // The table in four dimensions is coarse, and metal has nothing below its lobe that would take up the difference.
    const isStretchedMetal = surface.metallic === 1 && surface.anisotropy !== undefined;
    expect(Math.abs(mean - 1)).toBeLessThan(Math.max(isStretchedMetal ? 5e-3 : 1e-3, 3 * error));
  },
  240_000,
);

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

function wardrobe(): Scene {
  const scene = sceneOf(
    [
      ...facetedSphere(1, 6, 0),
      ...quad([-4, -1, 4], [4, -1, 4], [4, -1, -4], [-4, -1, -4], 1),
      ...quad([-1, 3, -1], [1, 3, -1], [1, 3, 1], [-1, 3, 1], 2),
    ],
    {
      materials: [
        {
          ...white,
          baseColor: [0.5, 0.2, 0.2],
          metallic: 0.5,
          roughness: 0.4,
          sheen: { color: [0.4, 0.4, 0.8], roughness: 0.5 },
          anisotropy: { strength: 0.7, rotationRadians: 1 },
        },
        {
          ...white,
          roughness: 0.3,
          iridescence: { factor: 0.8, ior: 1.4, minimumNanometres: 100, maximumNanometres: 600 },
        },
        { ...white, baseColor: [0, 0, 0], emission: [9, 9, 9], doubleSided: true },
      ],
      camera: cameraAt([0, 0, 5], 0.6),
    },
  );
  return mapped(scene);
}

test('cloth, stretch and film look the same to the last bit in waves', async () => {
  const other = await meansOf(wardrobe(), 8, { driver: 'wavefront' });
  expect(other).toEqual(await meansOf(wardrobe(), 8, { driver: 'tile' }));
}, 240_000);
