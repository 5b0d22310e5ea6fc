import { describe, expect, test } from 'vitest';
import { glassAlbedo } from '../../../worker/render/albedo/glass.ts';
import { bvh4Layout } from '../../../worker/render/bvh/layout-bvh4.ts';
import { type SceneRendererOptions, createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import type { Material, Scene, Vector3 } from '../../../worker/render/scene/scene.ts';
import { evaluateGlass, fresnel, glassReturn } from '../reference/glass.ts';
import { getTestDevice } from '../test-device.ts';
import { renderMeans } from './render-sums.ts';
import { box, cameraAt, facetedSphere, quad, sceneOf, seededRandom, white } from './scene-fixtures.ts';
import { evaluateDirections } from './surface-probe.ts';

const settings = { widthPixels: 8, heightPixels: 8, seed: 4, maxBounces: 24 };
const clear = { attenuationColor: [1, 1, 1], attenuationDistance: Infinity } as const;
const glass: Material = { ...white, roughness: 0, transmission: 1, volume: clear };
/** After one metre. */
const remaining: Vector3 = [0.5, 0.8, 0.1];
const tinted = { attenuationColor: remaining, attenuationDistance: 1 };
const narrow = cameraAt([0, 0, 5], 0.01);

async function meansOf(scene: Scene, samples: number, options: SceneRendererOptions = {}): Promise<Float64Array> {
  const renderer = await createSceneRenderer(await getTestDevice(), scene, settings, options);
  const means = await renderMeans(renderer, settings, samples);
  renderer.destroy();
  return means;
}

async function colorOf(scene: Scene, samples: number): Promise<Vector3> {
  const sums: [number, number, number] = [0, 0, 0];
  const means = await meansOf(scene, samples);
  means.forEach((value, index) => {
    sums[(index % 3) as 0] += value / 64;
  }, 180_000);
  return sums;
}

const matt: Material = { ...white, specular: { factor: 0, color: [1, 1, 1] } };

/** A small lamp beside a matt square that the camera sees; both lie within a box of `body` unless that has no volume. */
function litFloor(body: Material): Promise<Vector3> {
  const parts = [
    ...quad([-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0], 0),
    ...quad([-0.05, 2.05, 0.5], [0.05, 2.05, 0.5], [0.05, 1.95, 0.5], [-0.05, 1.95, 0.5], 1),
    ...(body.volume === undefined ? [] : box([0, 0, 0], [20, 20, 2], 0, 2)),
  ];
  const lamp: Material = { ...matt, baseColor: [0, 0, 0], emission: [900, 900, 900], doubleSided: true };
  // The camera outside, so that its rays enter the body.
  return colorOf(sceneOf(parts, { materials: [matt, lamp, body], camera: cameraAt([0, 0, 9], 0.01) }), 256);
}

describe('a body absorbs by the law of Beer and Lambert', () => {
  test.each([0.25, 1, 3])(
    '%s metres thick, at equal indices',
    async (thickness) => {
      const scene = sceneOf(box([0, 0, 0], [9, 9, thickness], 0, 0), {
        materials: [{ ...glass, ior: 1, volume: tinted }],
        camera: narrow,
        background: [1, 1, 1],
      });
      const color = await colorOf(scene, 16);
      remaining.forEach((left, axis) => expect(color[axis] as number).toBeCloseTo(left ** thickness, 3));
    },
    180_000,
  );

  test('with what both faces reflect to and fro', async () => {
    const scene = sceneOf(box([0, 0, 0], [9, 9, 1], 0, 0), {
      materials: [{ ...glass, ior: 1.8, volume: tinted }],
      camera: narrow,
      background: [1, 1, 1],
    });
    const color = await colorOf(scene, 1024);
    const reflected = fresnel(1, 1.8);
    remaining.forEach((left, axis) => {
      const expected = reflected + ((1 - reflected) ** 2 * left) / (1 - reflected * left);
      expect((color[axis] as number) / expected).toBeCloseTo(1, 2);
    });
  }, 180_000);

  test('between its face and what is cast into it', async () => {
    const inside = quad([-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0], 1);
    const scene = sceneOf([...box([0, 0, 0], [9, 9, 3], 0, 0), ...inside], {
      materials: [
        { ...glass, ior: 1, volume: tinted },
        { ...white, baseColor: [0.5, 0.5, 0.5], isUnlit: true },
      ],
      camera: narrow,
    });
    const color = await colorOf(scene, 16);
    remaining.forEach((left, axis) => expect(color[axis] as number).toBeCloseTo(0.5 * left ** 1.5, 3));
  }, 180_000);

  test('also the light of a lamp within it that is chosen, not met', async () => {
    const [free, sunk] = [await litFloor(matt), await litFloor({ ...glass, ior: 1, volume: tinted })];
    // From the lamp to the middle, then to the face towards the camera.
    const way = Math.hypot(2, 0.5) + 1;
    remaining.forEach((left, axis) =>
      expect(Math.abs((sunk[axis] as number) / (free[axis] as number) / left ** way - 1)).toBeLessThan(0.02),
    );
  }, 180_000);
});

test('an open sheet of a solid material holds no body: what leaves through nothing is not absorbed', async () => {
  const scene = sceneOf(quad([-9, -9, 0], [9, -9, 0], [9, 9, 0], [-9, 9, 0], 0), {
    materials: [{ ...glass, ior: 1, volume: tinted }],
    camera: narrow,
    background: [1, 1, 1],
  });
  (await colorOf(scene, 8)).forEach((value) => expect(value).toBeCloseTo(1, 3));
}, 180_000);

function directions(count: number): Vector3[] {
  const random = seededRandom(41);
  return Array.from(
    { length: count },
    () => {
      const z = random() * 2 - 1;
      const turn = random() * 2 * Math.PI;
      return [Math.sqrt(1 - z * z) * Math.cos(turn), Math.sqrt(1 - z * z) * Math.sin(turn), z];
    },
    180_000,
  );
}

test.each([
  ['from outside', 1.5, 0.5, 0.7, false],
  ['from outside, nearly edge on', 1.33, 0.8, 0.2, false],
  ['from inside', 1.5, 0.6, 0.9, true],
  ['from inside, past total reflection', 2.4, 0.4, 0.5, true],
])(
  'a rough boundary scatters as a float64 formula says, %s',
  async (_name, ior, roughness, cosine, isInside) => {
    const [eta, width] = [isInside ? 1 / ior : ior, roughness ** 2];
    const wo: Vector3 = [Math.sqrt(1 - cosine * cosine), 0, cosine];
    const wanted = directions(997);
    const material: Partial<Material> = { ...glass, baseColor: [0.6, 0.6, 0.6], ior, roughness };
    const found = await evaluateDirections({ material, wo, isInside }, wanted);
    const lost = glassReturn(cosine, width, eta, 800, 200);
    wanted.forEach((wi, index) => {
      const { value, density } = evaluateGlass({ eta, width, tint: 0.6 }, wo, wi);
      const slack = 1e-4 + density * 1e-3;
      expect(Math.abs((found[index * 4 + 3] as number) - density)).toBeLessThan(slack);
      // The table that makes up for lost light is coarse.
      expect(Math.abs((found[index * 4] as number) - value / lost)).toBeLessThan(1e-4 + (value / lost) * 0.02);
    }, 180_000);
  },
  180_000,
);

test('the table of what glass returns agrees with a plain quadrature', () => {
  const errors = [1.5, 1 / 1.5, 2.4, 1 / 2.4].flatMap((eta) =>
    [0.04, 0.25, 1].flatMap((width) =>
      [0.1, 0.4, 0.8, 1].map((cosine) =>
        Math.abs(glassAlbedo(cosine, width, eta) - glassReturn(cosine, width, eta, 800, 100)),
      ),
    ),
  );
  expect(Math.max(...errors)).toBeLessThan(8e-3);
}, 180_000);

/** A ball of rough, coloured glass on a floor, with a matt box inside. */
function paperweight(): Scene {
  return sceneOf(
    [
      ...facetedSphere(1, 8, 0),
      ...box([0, 0, 0], [0.4, 0.4, 0.4], 0.5, 1),
      ...quad([-9, -1, 9], [9, -1, 9], [9, -1, -9], [-9, -1, -9], 1),
      ...quad([-1, 3, -1], [1, 3, -1], [1, 3, 1], [-1, 3, 1], 2),
    ],
    {
      materials: [
        { ...glass, roughness: 0.3, volume: { attenuationColor: [0.3, 0.7, 0.9], attenuationDistance: 0.8 } },
        { ...white, baseColor: [0.7, 0.5, 0.3] },
        { ...white, baseColor: [0, 0, 0], emission: [9, 9, 9], doubleSided: true },
      ],
      camera: cameraAt([0, 0, 5], 0.5),
      background: [0.2, 0.2, 0.3],
    },
  );
}

test.each<[string, SceneRendererOptions]>([
  ['waves', { driver: 'wavefront' }],
  ['waves in a four-wide tree', { driver: 'wavefront', layout: bvh4Layout }],
])(
  'a body looks the same to the last bit in %s',
  async (_name, options) => {
    expect(await meansOf(paperweight(), 16, options)).toEqual(await meansOf(paperweight(), 16, { driver: 'tile' }));
  },
  180_000,
);
