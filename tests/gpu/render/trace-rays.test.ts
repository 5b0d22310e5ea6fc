import { describe, expect, test } from 'vitest';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../../worker/gpu/buffers.ts';
import { buildBvh } from '../../../worker/render/bvh/build-bvh.ts';
import { buildTree } from '../../../worker/render/bvh/build-tree.ts';
import type { BvhTree } from '../../../worker/render/bvh/bvh-tree.ts';
import { type Forest, growTrees } from '../../../worker/render/bvh/forest.ts';
import type { BvhLayout } from '../../../worker/render/bvh/layout.ts';
import { layouts } from '../../../worker/render/bvh/layouts.ts';
import { createTraceRaysKernel } from '../../../worker/render/kernels/trace-rays.ts';
import { triangleBoxes } from '../../../worker/render/bvh/primitive-boxes.ts';
import { createSceneBuffers, packScene } from '../../../worker/render/scene-buffers.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';
import { hitTriangle } from '../reference/triangle-tree.ts';
import type { Vector } from '../reference/vector.ts';
import { getTestDevice } from '../test-device.ts';
import { bothWays, instancedBalls } from './instanced-balls.ts';
import { type TestTriangle, box, facetedSphere, sceneOf, seededRandom, white } from './scene-fixtures.ts';

interface Ray {
  readonly origin: Vector;
  readonly direction: Vector;
  /** 0: closest hit; else whether something lies within. */
  readonly limit: number;
}

interface Answer {
  readonly distance: number;
  readonly triangle: number;
}

const noHit = 0xffffffff;

/** Rays through each random scene; the long form is HEARTH_TEST_RAYS=25000. */
const rayCount = Number(process.env['HEARTH_TEST_RAYS'] ?? 4001);

/** The tree that a scene gets which cannot be joined from below. */
function divide(positions: Float32Array, triangleCount: number): BvhTree {
  return buildTree(triangleBoxes(positions, triangleCount), 4);
}

/** Every tree in every layout must give the same bytes; they are returned once. */
async function trace(scene: Scene, rays: readonly Ray[]): Promise<Answer[]> {
  const trees = [buildBvh, divide].map((build) => growTrees(scene, build));
  const ways = trees.flatMap((tree) => layouts.map((layout) => traceWith(layout, scene, tree, rays)));
  const [bytes, ...others] = await Promise.all(ways);
  for (const other of others) expect(Buffer.compare(Buffer.from(other), Buffer.from(bytes as ArrayBuffer))).toBe(0);
  const floats = new Float32Array(bytes as ArrayBuffer);
  const words = new Uint32Array(bytes as ArrayBuffer);
  return rays.map((_, index) => ({ distance: floats[index * 4] as number, triangle: words[index * 4 + 1] as number }));
}

async function traceWith(
  layout: BvhLayout,
  scene: Scene,
  tree: BvhTree | Forest,
  rays: readonly Ray[],
): Promise<ArrayBuffer> {
  const device = await getTestDevice();
  const settings = { widthPixels: 1, heightPixels: 1, seed: 0, maxBounces: 0 };
  const buffers = createSceneBuffers(device, packScene(scene, tree, layout, [], settings));
  const packed = new Float32Array(rays.length * 8);
  rays.forEach((ray, index) => packed.set([...ray.origin, ray.limit, ...ray.direction], index * 8));
  const rayBuffer = uploadStorageBuffer(device, 'test.rays', packed);
  const answers = createStorageBuffer(device, 'test.answers', rays.length * 16);
  const kernel = await createTraceRaysKernel(device, { scene: buffers, layout, rays: rayBuffer, answers });
  const encoder = device.createCommandEncoder();
  kernel.run(encoder, rays.length);
  device.queue.submit([encoder.finish()]);
  const bytes = await readBuffer(device, answers, rays.length * 16);
  for (const buffer of [rayBuffer, answers, buffers]) buffer.destroy();
  return bytes;
}

/** Every triangle tested in float64, widened by `slack` in barycentric coordinates. */
function bruteForce(scene: Scene, ray: Ray, slack: number): Answer {
  let best: Answer = { distance: Infinity, triangle: noHit };
  for (let triangle = 0; triangle < scene.triangleCount; triangle += 1) {
    const hit = hitTriangle(scene.positions, triangle, ray.origin, ray.direction, slack);
    if (hit !== undefined && hit.distance < best.distance) best = { distance: hit.distance, triangle };
  }
  return best;
}

/**
 * The rays whose answer no rounding explains: a different distance than both the brute force with triangles widened by a
 * hair and the one with triangles narrowed by a hair.
 */
function disagreements(scene: Scene, rays: readonly Ray[], answers: readonly Answer[]): object[] {
  return rays.flatMap((ray, index) => {
    const { distance, triangle } = answers[index] as Answer;
    const fits = [1e-5, -1e-5, 0].some((slack) => {
      const expected = bruteForce(scene, ray, slack);
      if (ray.limit > 0) return (triangle !== noHit) === expected.distance < ray.limit;
      if (expected.triangle === noHit || triangle === noHit) return expected.triangle === triangle;
      return Math.abs(distance - expected.distance) <= 2e-5 * Math.max(1, expected.distance);
    });
    return fits ? [] : [{ index, ray, distance, triangle }];
  });
}

function direction(random: () => number): Vector {
  const z = random() * 2 - 1;
  const turn = random() * 2 * Math.PI;
  const reach = Math.sqrt(1 - z * z);
  return [reach * Math.cos(turn), reach * Math.sin(turn), z].map(Math.fround) as unknown as Vector;
}

function point(random: () => number, size: number): Vector {
  return [0, 1, 2].map(() => Math.fround((random() * 2 - 1) * size)) as unknown as Vector;
}

function soup(count: number, size: number, seed: number): Scene {
  const random = seededRandom(seed);
  const triangles = Array.from({ length: count }, (): TestTriangle => {
    const [x, y, z] = point(random, 1);
    const near = (): Vector => {
      const [dx, dy, dz] = point(random, size);
      return [x + dx, y + dy, z + dz];
    };
    return { corners: [near(), near(), near()], material: 0 };
  });
  return sceneOf(triangles, { materials: [white] });
}

describe('rays find what a float64 test of every triangle finds', () => {
  test.each([
    ['one triangle', soup(1, 1, 1)],
    ['a prime number of large triangles', soup(101, 0.8, 2)],
    ['two thousand small triangles', soup(2003, 0.08, 3)],
    ['a box', sceneOf(box([0, 0, 0], [1, 1, 1], 0, 0), { materials: [white] })],
  ])('random rays in %s', async (_name, scene) => {
    const random = seededRandom(7);
    const rays = Array.from({ length: rayCount }, (_, index): Ray => ({
      origin: point(random, 1.5),
      direction: direction(random),
      limit: index % 2 === 0 ? 0 : Math.fround(random() * 2 + 0.01),
    }));
    const answers = await trace(scene, rays);
    expect(disagreements(scene, rays, answers)).toEqual([]);
    expect(answers.filter((answer) => answer.triangle !== noHit).length).toBeGreaterThan(20);
  });

  test('rays along the axes, in the planes of faces, and far away', async () => {
    const scene = sceneOf(
      [...box([0, 0, 0], [1, 1, 1], 0, 0), ...facetedSphere(0.4, 6, 0), ...box([3, 0, 0], [1, 1e-4, 1e-4], 0, 0)],
      { materials: [white] },
    );
    const random = seededRandom(11);
    const axes: Vector[] = [
      [1, 0, 0],
      [-1, 0, 0],
      [0, 1, 0],
      [0, -1, 0],
      [0, 0, 1],
      [0, 0, -1],
    ];
    const rays = axes.flatMap((axis): Ray[] =>
      Array.from({ length: 200 }, (_, index) => {
        const [x, y, z] = point(random, 0.6);
        // Every tenth starts a thousand lengths away, where float32 still resolves the box.
        const back = index % 10 === 0 ? 1000 : 2;
        return {
          origin: [x - axis[0] * back, y - axis[1] * back, z - axis[2] * back].map(Math.fround) as unknown as Vector,
          direction: axis,
          limit: 0,
        };
      }),
    );
    expect(disagreements(scene, rays, await trace(scene, rays))).toEqual([]);
  });
});

test('rays through instances find the triangles that they find where all are listed', async () => {
  const { listed, shared } = await bothWays(instancedBalls(20, 4));
  const random = seededRandom(13);
  const rays = Array.from({ length: rayCount }, (_, index): Ray => ({
    origin: point(random, 3),
    direction: direction(random),
    limit: index % 2 === 0 ? 0 : Math.fround(random() * 3 + 0.01),
  }));
  const opaque = { ...shared, materials: shared.materials.map(() => white) };
  const answers = await trace(opaque, rays);
  expect(disagreements(listed, rays, answers)).toEqual([]);
  const closest = rays.flatMap((ray, index) => (ray.limit === 0 ? [{ ray, found: answers[index]?.triangle }] : []));
  const others = closest.filter(({ ray, found }) => found !== bruteForce(listed, ray, 0).triangle);
  expect(closest.filter(({ found }) => found !== noHit).length).toBeGreaterThan(200);
  expect(others.length).toBeLessThanOrEqual(closest.length / 1000);
});

test('no ray slips through the edges and corners of a closed surface', async () => {
  const scene = sceneOf(facetedSphere(1, 9, 0), { materials: [white] });
  const rays: Ray[] = [];
  const corners = [...scene.positions];
  for (let triangle = 0; triangle < scene.triangleCount; triangle += 1) {
    const corner = (index: number) => corners.slice(triangle * 9 + index * 3, triangle * 9 + index * 3 + 3);
    for (const [from, to] of [
      [0, 1],
      [1, 2],
      [2, 0],
    ] as const) {
      for (let step = 0; step < 8; step += 1) {
        const along = step / 8;
        const target = corner(from).map((value, axis) => value * (1 - along) + (corner(to)[axis] as number) * along);
        const length = Math.hypot(...target);
        rays.push({
          origin: [0, 0, 0],
          direction: target.map((value) => Math.fround(value / length)) as unknown as Vector,
          limit: 0,
        });
      }
    }
  }
  const answers = await trace(scene, rays);
  expect(rays.length).toBeGreaterThan(3000);
  expect(rays.filter((_, index) => answers[index]?.triangle === noHit)).toEqual([]);
});

test('where two triangles lie in the same place the first of the document is hit, wherever the tree puts them', async () => {
  const twin = box([0, 0, 0], [1, 1, 1], 0, 0);
  const scene = sceneOf([...soupTriangles(), ...twin, ...twin], { materials: [white] });
  const first = scene.triangleCount - 24;
  const random = seededRandom(3);
  const rays = Array.from({ length: 500 }, (): Ray => ({
    origin: point(random, 0.3),
    direction: direction(random),
    limit: 0,
  }));
  const answers = await trace(scene, rays);
  expect(answers.filter(({ triangle }) => triangle < first || triangle >= first + 12)).toEqual([]);
});

/** Far from the twins, so that the tree is more than a leaf. */
function soupTriangles(): TestTriangle[] {
  return facetedSphere(0.2, 4, 0).map(({ corners, material }) => ({
    corners: corners.map(([x, y, z]) => [x + 5, y, z] as const) as unknown as TestTriangle['corners'],
    material,
  }));
}
