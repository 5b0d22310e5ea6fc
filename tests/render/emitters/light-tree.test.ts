import { expect, test } from 'vitest';
import { packLights } from '../../../worker/render/emitters/light-buffer.ts';
import { listLights } from '../../../worker/render/emitters/light-list.ts';
import { lightKinds } from '../../../worker/render/emitters/light-tree.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';
import { lampField, lamps } from '../../gpu/render/lamp-field.ts';
import { type TestTriangle, sceneOf, white } from '../../gpu/render/scene-fixtures.ts';

/** The lights of a scene and the emitters below an element of the tree, found by walking down. */
function open(scene: Scene) {
  const slotOf = Uint32Array.from({ length: scene.triangleCount }, (_, index) => index);
  const packed = packLights(scene, listLights(scene, undefined), slotOf, 'tree');
  const floats = new Float32Array(packed.lights);
  const words = new Uint32Array(packed.lights);
  function below(element: number, depth = 0): { triangles: number[]; depth: number } {
    const [first = 0, kind, triangle = 0] = words.subarray(element * 16 + 1, element * 16 + 4);
    if (kind === lightKinds.triangle) return { triangles: [triangle], depth };
    expect(kind).toBe(lightKinds.group);
    const [a, b] = [below(first, depth + 1), below(first + 1, depth + 1)];
    return { triangles: [...a.triangles, ...b.triangles], depth: Math.max(a.depth, b.depth) };
  }
  return { ...packed, floats, words, root: words[3] as number, below };
}

function emissive(triangles: readonly TestTriangle[]): Scene {
  return sceneOf(triangles, {
    materials: [white, { ...white, emission: [1, 1, 1] }, { ...white, emission: [2, 2, 2], doubleSided: true }],
  });
}

test('every emitter stands alone once, and finds its way back to the table', () => {
  const scene = lampField(200);
  const { below, root, words, elementOf, tableLength } = open(scene);
  expect(tableLength).toBe(2);
  expect(below(root).triangles.toSorted((a, b) => a - b)).toEqual([...elementOf.keys()].toSorted((a, b) => a - b));
  for (const element of elementOf.values()) {
    let [at, around, steps] = [element, words[element * 16 + 1] as number, 0];
    while (words[around * 16 + 2] === lightKinds.group) {
      expect([0, 1]).toContain(at - (words[around * 16 + 1] as number));
      [at, around, steps] = [around, words[around * 16 + 3] as number, steps + 1];
    }
    expect([around, words[around * 16 + 2], steps < 40]).toEqual([0, lightKinds.tree, true]);
  }
});

test('a group encloses its emitters, their power and their directions', () => {
  const scene = emissive(lamps(150, 8, 3));
  const { below, root, floats, words } = open(scene);
  const pending = [root];
  for (let element = pending.pop(); element !== undefined; element = pending.pop()) {
    const start = element * 16;
    const { triangles } = below(element);
    const [axis, spread] = [[...floats.subarray(start + 8, start + 11)], floats[start + 11] as number];
    for (const triangle of triangles) {
      for (let place = 0; place < 9; place += 1) {
        const value = scene.positions[triangle * 9 + place] as number;
        expect(value).toBeGreaterThanOrEqual(floats[start + 4 + (place % 3)] as number);
        expect(value).toBeLessThanOrEqual(floats[start + 12 + (place % 3)] as number);
      }
      const normal = scene.normals.subarray(triangle * 9, triangle * 9 + 3);
      const cosine = axis.reduce((sum, value, index) => sum + value * (normal[index] as number), 0);
      expect(cosine).toBeGreaterThan(spread - 1e-3);
    }
    expect(floats[start + 15]).toBe(triangles.some((triangle) => scene.materialIndices[triangle] === 2) ? 1 : 0);
    if (triangles.length === 1) continue;
    const first = words[start + 1] as number;
    const halves = (floats[first * 16 + 7] as number) + (floats[first * 16 + 23] as number);
    expect(halves).toBeCloseTo(floats[start + 7] as number, 5);
    pending.push(first, first + 1);
  }
  expect(floats[root * 16 + 7]).toBe(1);
});

function at(x: number, size = 1e-3, material = 1): TestTriangle {
  return {
    corners: [
      [x, 0, 0],
      [x + size, 0, 0],
      [x, size, 0],
    ],
    material,
  };
}

test.each<[string, TestTriangle[]]>([
  ['one emitter', [at(0)]],
  ['emitters that lie in each other', Array.from({ length: 500 }, () => at(0))],
  ['distances that double', Array.from({ length: 60 }, (_, index) => at(2 ** (index / 2), 2 ** (index / 2 - 4)))],
])('a tree is written for %s, and is not deep', (_name, triangles) => {
  const { below, root } = open(emissive(triangles));
  const found = below(root);
  expect(found.triangles).toHaveLength(triangles.length);
  expect(found.depth).toBeLessThanOrEqual(33);
});

function isTree(count: number): boolean {
  const scene = emissive(Array.from({ length: count }, (_, index) => at(index)));
  const slotOf = Uint32Array.from({ length: count }, (_, index) => index);
  return packLights(scene, listLights(scene, undefined), slotOf).hasTree;
}

test('the same scene gives the same bytes; few lights lie in a table, many in a tree', () => {
  const [one, other] = [open(lampField(300)), open(lampField(300))];
  expect(new Uint8Array(one.lights)).toEqual(new Uint8Array(other.lights));
  expect([isTree(0), isTree(255), isTree(256)]).toEqual([false, false, true]);
});

test('what an emitter shines from both sides is said of the groups around it', () => {
  const scene = emissive([at(0), at(5, 1, 2)]);
  const { floats, root } = open(scene);
  expect([...floats.subarray(root * 16 + 8, root * 16 + 12)]).toEqual([0, 0, 1, 1]);
  expect(floats[root * 16 + 15]).toBe(1);
});
