import { expect, test } from 'vitest';
import type { SceneView } from '../../../worker/messages.ts';
import { type GlbAdder, extendedSquare, loadExtended } from './glb-fixture.ts';
import { mutate } from './mutate.ts';
import { animate, bend, instancing, lift } from './pose-fixture.ts';

const quarterTurn = [0, 0, Math.SQRT1_2, Math.SQRT1_2];

async function corners(change: (add: GlbAdder) => void, view: SceneView = {}): Promise<number[]> {
  const { positions } = await loadExtended(change, view);
  return Array.from(positions, (value) => Math.round(value * 1e4) / 1e4 + 0);
}

test('instances stand where their translations, turns and sizes put them, inside their node', async () => {
  const placed = await corners((add) => {
    add.set('nodes.0.translation', [100, 0, 0]);
    instancing(add, {
      TRANSLATION: add.accessor(Float32Array.of(0, 0, 0, 5, 0, 0), 'VEC3'),
      ROTATION: add.accessor(Int16Array.of(0, 0, 0, 32_767, 0, 0, 23_170, 23_170), 'VEC4', { normalized: true }),
      SCALE: add.accessor(Float32Array.of(1, 1, 1, 2, 3, 1), 'VEC3'),
    });
  });
  expect(placed.slice(0, 9)).toEqual([100, 0, 0, 101, 0, 0, 101, 1, 0]);
  // (1, 0) doubled and turned to (0, 2); (1, 1) to (-3, 2).
  expect(placed.slice(18, 27)).toEqual([105, 0, 0, 105, 2, 0, 102, 2, 0]);
});

test('a skin moves each vertex with its joints, whatever the node of the mesh says', async () => {
  const bent = await corners(bend);
  expect(bent).toEqual([0, 0, 0, 1, 0, 0, 1, 1, 3, 0, 0, 0, 1, 1, 3, 0, 1, 3]);
});

test('normals turn with the joints', async () => {
  const { normals } = await loadExtended((add) => {
    bend(add);
    // Both joints tip forward: z becomes y.
    add.set('nodes.2.rotation', [-Math.SQRT1_2, 0, 0, Math.SQRT1_2]);
    add.set('nodes.3.rotation', [-Math.SQRT1_2, 0, 0, Math.SQRT1_2]);
  });
  expect(Array.from(normals.slice(0, 3), (value) => Math.round(value * 1e6) + 0)).toEqual([0, 1e6, 0]);
});

test.each([
  ['nothing says how much', [], [1, 1, 0]],
  ['the mesh says how much', [['meshes.0.weights', [0.5]]], [1, 2, 0]],
  [
    'the node says otherwise',
    [
      ['meshes.0.weights', [0.5]],
      ['nodes.0.weights', [-1]],
    ],
    [1, -1, 0],
  ],
] as const)('a sparse morph target moves the corners it names where %s', async (_name, edits, expected) => {
  const placed = await corners((add) => {
    lift(add);
    for (const [path, value] of edits) add.set(path, value);
  });
  expect(placed.slice(0, 9)).toEqual([0, 0, 0, 1, 0, 0, ...expected]);
});

test.each<[string, string, readonly number[], number, readonly number[]]>([
  ['stands still before its first key', 'LINEAR', [1, 0, 0, 3, 0, 0], 0.5, [1, 0, 0]],
  ['stands still after its last key', 'LINEAR', [1, 0, 0, 3, 0, 0], 99, [3, 0, 0]],
  ['goes in a line', 'LINEAR', [1, 0, 0, 3, 8, 0], 2, [1.5, 2, 0]],
  ['jumps', 'STEP', [1, 0, 0, 3, 8, 0], 4.9, [1, 0, 0]],
  ['has jumped', 'STEP', [1, 0, 0, 3, 8, 0], 5, [3, 8, 0]],
  // Hermite at 1/4 over 4 s: 0.84375 x 1 + 4 x 0.140625 x 2 + 0.15625 x 3 + 4 x -0.046875 x -1.
  ['swings', 'CUBICSPLINE', [9, 0, 0, 1, 0, 0, 2, 0, 0, -1, 0, 0, 3, 0, 0, 9, 0, 0], 2, [2.625, 0, 0]],
])('between keys at 1 s and 5 s a node %s', async (_name, interpolation, values, timeSeconds, expected) => {
  const placed = await corners((add) => animate(add, 'translation', [1, 5], values, { interpolation }), {
    timeSeconds,
  });
  expect(placed.slice(0, 3)).toEqual(expected);
});

test.each([
  ['half of a quarter turn', quarterTurn, 1, [Math.SQRT1_2, Math.SQRT1_2]],
  ['a third of it', quarterTurn, 2 / 3, [Math.cos(Math.PI / 6), 0.5]],
  ['the shorter way to the same turn', quarterTurn.map((value) => -value), 1, [Math.SQRT1_2, Math.SQRT1_2]],
])('a rotation takes %s', async (_name, end, timeSeconds, expected) => {
  const { positions } = await loadExtended((add) => animate(add, 'rotation', [0, 2], [0, 0, 0, 1, ...end]), {
    timeSeconds,
  });
  expect(positions[3]).toBeCloseTo(expected[0] as number, 7);
  expect(positions[4]).toBeCloseTo(expected[1] as number, 7);
});

test('an animation moves the weights of morph targets', async () => {
  const shown = await corners(
    (add) => {
      lift(add);
      const input = add.accessor(Float32Array.of(0, 2));
      const output = add.accessor(Uint8Array.of(0, 255), 'SCALAR', { normalized: true });
      const target = { node: 0, path: 'weights' };
      add.set('animations', [{ samplers: [{ input, output }], channels: [{ sampler: 0, target }] }]);
    },
    { timeSeconds: 1 },
  );
  expect(shown.slice(6, 9)).toEqual([1, 2, 0]);
});

test('without a moment the scene is as it lies in the file', async () => {
  const placed = await corners((add) => animate(add, 'translation', [0], [9, 9, 9]));
  expect(placed.slice(0, 3)).toEqual([0, 0, 0]);
});

test.each([
  ['the first when nothing is said', {}, 3],
  ['by its number', { camera: '1' }, 7],
  ['by its name', { camera: 'close-up' }, 7],
  ['by the name of its node', { camera: 'tripod' }, 7],
])('a camera is chosen: %s', async (_name, view, distance) => {
  const { camera } = await loadExtended((add) => {
    add.set('cameras.1', { type: 'perspective', name: 'close-up', perspective: { yfov: 0.2, znear: 0.1 } });
    add.set('nodes.2', { camera: 1, name: 'tripod', translation: [0, 0, 7] });
    add.set('scenes.0.nodes', [0, 1, 2]);
  }, view);
  expect(camera.origin[2]).toBe(distance);
});

test('three thousand mutations of a moving scene end in a scene or in a refusal', async () => {
  const file = extendedSquare((add) => {
    bend(add);
    animate(add, 'rotation', [0, 1, 2], [0, 0, 0, 1, ...quarterTurn, 0, 0, 1, 0], { node: 2 });
    add.set('nodes.4', {
      mesh: 0,
      extensions: { EXT_mesh_gpu_instancing: { attributes: { TRANSLATION: 0 } } },
    });
    add.set('scenes.0.nodes', [0, 1, 2, 3, 4]);
  });
  const outcomes = await mutate(file, { rounds: 3_000, seed: 9, tailBytes: 400, view: { timeSeconds: 0.7 } });
  expect(outcomes.loaded).toBeGreaterThan(300);
  expect(outcomes.refused).toBeGreaterThan(500);
});
