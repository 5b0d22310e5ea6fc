import { expect, test } from 'vitest';
import { anisotropicAlbedo } from '../../../worker/render/albedo/anisotropic.ts';
import { sheenAlbedoTable } from '../../../worker/render/albedo/sheen.ts';
import { albedoTableSize } from '../../../worker/render/albedo/table-grid.ts';
import type { Material, Scene, Vector3 } from '../../../worker/render/scene/scene.ts';
import { filmReflectance, returnedShare, sheenLobe, stretchedLobe } from '../reference/layers.ts';
import { lobeAlbedo } from '../reference/surface.ts';
import { meanLight } from './furnace.ts';
import { imageOf, meansOf, openFull, texture, whitePixel } from './full-scene.ts';
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
      expect(Math.abs((found[index * 4] as number) / ((value * wi[2]) / share) - 1)).toBeLessThan(3e-3);
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
  [
    'stretched metal of varied roughness',
    {
      metallic: 1,
      roughness: 0.5,
      anisotropy: { strength: 0.7, rotationRadians: 0.5 },
      textures: { metallicRoughness: texture },
    },
  ],
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
    // The table for varying stretches is coarse, and metal has nothing below its lobe that would take up the difference.
    const isCoarse = surface.metallic === 1 && surface.textures !== undefined;
    expect(Math.abs(mean - 1)).toBeLessThan(Math.max(isCoarse ? 5e-3 : 1e-3, 3 * error));
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
