import { expect, test } from 'vitest';
import { bvh4Layout } from '../../../worker/render/bvh/layout-bvh4.ts';
import { type SceneRendererOptions, createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import type { Camera, Material, PunctualLight, Scene, TextureSlot } from '../../../worker/render/scene/scene.ts';
import { getTestDevice } from '../test-device.ts';
import { renderMeans } from './render-sums.ts';
import { type TestTriangle, cameraAt, facetedSphere, quad, sceneOf, white } from './scene-fixtures.ts';

const settings = { widthPixels: 16, heightPixels: 16, seed: 12, maxBounces: 2 };
const lambert: Material = { ...white, baseColor: [0.6, 0.6, 0.6], specular: { factor: 0, color: [1, 1, 1] } };
const plain: TextureSlot = {
  imageIndex: 0,
  wrapU: 'clamp',
  wrapV: 'clamp',
  isNearest: true,
  offset: [0, 0],
  scale: [1, 1],
  rotationRadians: 0,
};

async function sumsOf(scene: Scene, samples: number, options: SceneRendererOptions = {}): Promise<Float64Array> {
  const renderer = await createSceneRenderer(await getTestDevice(), scene, settings, options);
  const means = await renderMeans(renderer, settings, samples);
  renderer.destroy();
  return means;
}

async function meanOf(scene: Scene, samples: number): Promise<number> {
  const means = await sumsOf(scene, samples);
  return means.reduce((sum, value) => sum + value, 0) / means.length;
}

/** Upright squares across the view, the first of them nearest to the camera; texture coordinates run over each. */
function curtains(materials: readonly Material[], halfWidth: number): TestTriangle[] {
  return materials.flatMap((_, index) => {
    const z = 2 - index * 0.25;
    return quad(
      [-halfWidth, -halfWidth, z],
      [halfWidth, -halfWidth, z],
      [halfWidth, halfWidth, z],
      [-halfWidth, halfWidth, z],
      index,
    );
  });
}

const squareCoordinates = [0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0];

test('a blended square shows its share of itself and the rest of what lies behind', async () => {
  const glowing: Material = { ...white, baseColor: [0.8, 0.8, 0.8], isUnlit: true, alpha: { factor: 0.3 } };
  const scene = sceneOf(curtains([glowing], 9), { materials: [glowing], background: [2, 2, 2] });
  expect((await meanOf(scene, 256)) / (0.3 * 0.8 + 0.7 * 2)).toBeCloseTo(1, 2);
}, 180_000);

test('three blended squares let pass the product of their shares, in whichever order they stand', async () => {
  const shares = [0.2, 0.5, 0.7];
  const through = shares.reduce((product, share) => product * (1 - share), 1);
  for (const order of [shares, shares.toReversed()]) {
    const black = order.map((factor): Material => ({
      ...white,
      baseColor: [0, 0, 0],
      isUnlit: true,
      alpha: { factor },
    }));
    const scene = sceneOf(curtains(black, 9), { materials: black, background: [5, 5, 5] });
    expect((await meanOf(scene, 1024)) / (5 * through)).toBeCloseTo(1, 1);
  }
}, 180_000);

const sun: PunctualLight = { kind: 'directional', position: [0, 0, 0], direction: [0, -1, 0], intensity: [3, 3, 3] };
const floor = quad([-9, 0, 9], [9, 0, 9], [9, 0, -9], [-9, 0, -9], 0);
const fromAbove = (height: number): Camera => ({
  ...cameraAt([0, height, 0], 2 * Math.atan(1 / height)),
  forward: [0, -1, 0],
  up: [0, 0, -1],
});

test('the shadow of blended sheets lets pass what they do', async () => {
  const sheets = [3, 4].flatMap((y) => quad([-9, y, 9], [9, y, 9], [9, y, -9], [-9, y, -9], 1));
  const scene = sceneOf([...floor, ...sheets], {
    materials: [lambert, { ...lambert, baseColor: [0, 0, 0], alpha: { factor: 0.4 } }],
    camera: fromAbove(2),
    punctualLights: [sun],
  });
  expect((await meanOf(scene, 1024)) / (((0.6 * 3) / Math.PI) * 0.6 * 0.6)).toBeCloseTo(1, 2);
}, 180_000);

/** Opaque in the left half, open in the right one. */
const halfOpen = { widthPixels: 2, heightPixels: 1, bytes: Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 51) };

function shadowScene(sheetMaterial: Material, rightEdge: number): Scene {
  const triangles = [...floor, ...quad([-2, 3, 2], [rightEdge, 3, 2], [rightEdge, 3, -2], [-2, 3, -2], 1)];
  return {
    ...sceneOf(triangles, {
      materials: [lambert, sheetMaterial],
      camera: fromAbove(2),
      punctualLights: [sun],
      background: [0.2, 0.2, 0.2],
    }),
    images: [halfOpen],
    textureCoordinates: Float32Array.from([...floor.flatMap(() => [0, 0, 0, 0, 0, 0]), ...squareCoordinates]),
  };
}

test('a cut-out throws the shadow of what is left of it', async () => {
  const opaque: Material = { ...lambert, doubleSided: true };
  const cut: Material = { ...opaque, textures: { baseColor: plain }, alpha: { factor: 1, cutoff: 0.5 } };
  const [masked, halved] = [await sumsOf(shadowScene(cut, 2), 64), await sumsOf(shadowScene(opaque, 0), 64)];
  const differing = masked.filter((value, index) => Math.abs(value - (halved[index] as number)) > 0.02 * value);
  expect(differing.length).toBeLessThanOrEqual(masked.length / 50);
  const dark = masked.filter((value) => value < 0.2).length;
  expect(dark).toBeGreaterThan(masked.length * 0.4);
  expect(dark).toBeLessThan(masked.length * 0.6);
}, 180_000);

test.each<[string, NonNullable<Material['alpha']>, boolean]>([
  ['at the cutoff covers', { factor: 0.5, cutoff: 0.5 }, true],
  ['below the cutoff is not there', { factor: 0.49, cutoff: 0.5 }, false],
  ['above a cutoff beyond 1 is not there', { factor: 1, cutoff: 1.01 }, false],
  ['with a cutoff of 0 always covers', { factor: 0, cutoff: 0 }, true],
  ['blended with nothing is not there', { factor: 0 }, false],
])(
  'an alpha %s',
  async (_name, alpha, covers) => {
    const material: Material = { ...white, baseColor: [0.25, 0.25, 0.25], isUnlit: true, alpha };
    const scene = sceneOf(curtains([material], 9), { materials: [material], background: [2, 2, 2] });
    expect(await meanOf(scene, 2)).toBeCloseTo(covers ? 0.25 : 2, 6);
  },
  180_000,
);

async function lampLight(brightness: number, alpha: Pick<Material, 'alpha'>): Promise<number> {
  const lamp: Material = { ...white, baseColor: [0, 0, 0], emission: [brightness, brightness, brightness], ...alpha };
  const scene = sceneOf([...floor, ...quad([-1, 3, -1], [1, 3, -1], [1, 3, 1], [-1, 3, 1], 1)], {
    materials: [lambert, { ...lamp, doubleSided: true }],
    camera: fromAbove(2),
  });
  return meanOf(scene, 512);
}

test('a blended lamp gives as much light as it shows, chosen or met', async () => {
  const blended = await lampLight(8, { alpha: { factor: 0.25 } });
  expect(blended / (await lampLight(2, {}))).toBeCloseTo(1, 2);
}, 180_000);

/** Leaves and glass: masks and blends before each other, with shadows through all of them. */
function undergrowth(): Scene {
  const leaf: Material = {
    ...lambert,
    textures: { baseColor: plain },
    alpha: { factor: 1, cutoff: 0.5 },
    doubleSided: true,
  };
  const veil: Material = { ...lambert, textures: { baseColor: plain }, alpha: { factor: 0.6 }, doubleSided: true };
  const ball = facetedSphere(0.8, 8, 2);
  const sheets = [...curtains([leaf, veil], 1), ...ball];
  return {
    ...sceneOf([...sheets, ...quad([-9, -1, 9], [9, -1, 9], [9, -1, -9], [-9, -1, -9], 3)], {
      materials: [leaf, veil, { ...lambert, alpha: { factor: 0.5 } }, { ...lambert, emission: [0.1, 0.1, 0.1] }],
      punctualLights: [{ ...sun, direction: [-0.6, -0.8, 0] }],
      background: [0.5, 0.6, 0.8],
    }),
    images: [halfOpen],
    textureCoordinates: Float32Array.from([
      ...squareCoordinates,
      ...squareCoordinates,
      ...Array.from({ length: (ball.length + 2) * 6 }, (_, index) => (index % 7) / 7),
    ]),
  };
}

test.each<[string, SceneRendererOptions]>([
  ['waves', { driver: 'wavefront' }],
  ['a four-wide tree', { layout: bvh4Layout }],
  ['waves in a four-wide tree', { driver: 'wavefront', layout: bvh4Layout }],
])(
  'coins fall alike in %s',
  async (_name, options) => {
    expect(await sumsOf(undergrowth(), 8, options)).toEqual(await sumsOf(undergrowth(), 8, { driver: 'tile' }));
  },
  180_000,
);

/** The fourth number is a sum of squares and exact only to rounding. */
const isColor = (_: number, index: number) => index % 4 < 3;

test('coins fall alike in tiles and batches', async () => {
  const renderer = await createSceneRenderer(await getTestDevice(), undergrowth(), settings);
  const whole = await renderer.renderTile({ x0: 0, y0: 0, x1: 16, y1: 16 }, 0, 6);
  const part = { x0: 3, y0: 5, x1: 11, y1: 14 };
  const batches = [await renderer.renderTile(part, 0, 2), await renderer.renderTile(part, 2, 4)];
  renderer.destroy();
  const together = Float32Array.from({ length: 8 * 9 * 4 }, (_, index) => batches[0]![index]! + batches[1]![index]!);
  const cut = Float32Array.from(together, (_, index) => {
    const pixel = index >> 2;
    return whole[((Math.floor(pixel / 8) + 5) * 16 + (pixel % 8) + 3) * 4 + (index & 3)] as number;
  });
  expect(together.filter(isColor)).toEqual(cut.filter(isColor));
}, 180_000);
