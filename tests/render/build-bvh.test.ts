import { expect, test } from 'vitest';
import { type BvhTree, leafBit, leafReference, maximumDepth } from '../../worker/render/bvh/bvh-tree.ts';
import { buildBvh } from '../../worker/render/bvh/build-bvh.ts';
import { buildTree } from '../../worker/render/bvh/build-tree.ts';
import { clusterNeighbours } from '../../worker/render/bvh/cluster-neighbours.ts';
import { collapse } from '../../worker/render/bvh/collapse.ts';
import { layouts } from '../../worker/render/bvh/layouts.ts';
import { triangleBoxes } from '../../worker/render/bvh/primitive-boxes.ts';
import { surfaceAreaCost } from '../../worker/render/bvh/surface-area-cost.ts';
import { seededRandom } from '../gpu/render/scene-fixtures.ts';

/** Walks the whole tree; returns how often each triangle is in a leaf and what lies outside the boxes above it. */
function inspect(tree: BvhTree, positions: Float32Array, triangleCount: number) {
  const seen = Array.from({ length: triangleCount }, () => 0);
  let outside = 0;
  let deepest = 0;
  let largestLeaf = 0;
  const pending: { reference: number; boxes: number[]; depth: number }[] = [
    { reference: tree.rootReference, boxes: [], depth: 0 },
  ];
  for (let entry = pending.pop(); entry !== undefined; entry = pending.pop()) {
    const { reference, boxes, depth } = entry;
    deepest = Math.max(deepest, depth);
    if ((reference & leafBit) === 0) {
      for (const side of [0, 1]) {
        const child = reference * 2 + side;
        pending.push({ reference: tree.references[child] as number, boxes: [...boxes, child * 6], depth: depth + 1 });
      }
      continue;
    }
    const count = ((reference >>> 28) & 7) + 1;
    largestLeaf = Math.max(largestLeaf, count);
    for (let slot = reference & 0x0fffffff; slot < (reference & 0x0fffffff) + count; slot += 1) {
      const triangle = tree.triangleOrder[slot] as number;
      seen[triangle] = (seen[triangle] as number) + 1;
      for (let index = 0; index < 9; index += 1) {
        const value = positions[triangle * 9 + index] as number;
        const isOutside = (box: number) =>
          value < (tree.bounds[box + (index % 3)] as number) || value > (tree.bounds[box + 3 + (index % 3)] as number);
        if (boxes.some(isOutside)) outside += 1;
      }
    }
  }
  return { seen, outside, deepest, largestLeaf };
}

function soup(count: number, place: (index: number, random: () => number) => number): Float32Array {
  const random = seededRandom(count);
  return Float32Array.from({ length: count * 9 }, (_, index) => place(Math.floor(index / 9), random));
}

/** Each triangle on the far side of the next plane that Morton keys divide by, and a hundred where all planes have gone by. */
function longestWay(): Float32Array {
  const positions = new Float32Array(130 * 9).fill(1);
  for (let triangle = 0; triangle < 30; triangle += 1) {
    for (let corner = 0; corner < 3; corner += 1) {
      positions[triangle * 9 + corner * 3 + (triangle % 3)] = 1 + 2 ** (9 - Math.floor(triangle / 3));
    }
  }
  return positions;
}

const scenes: readonly (readonly [string, number, Float32Array])[] = [
  ['a single triangle', 1, soup(1, (_, random) => random())],
  ['a handful', 7, soup(7, (_, random) => random())],
  ['a prime number of triangles', 1009, soup(1009, (_, random) => random() * 10)],
  ['triangles that are all the same', 500, soup(500, () => 1)],
  ['triangles whose distances double each time', 120, soup(120, (index, random) => 2 ** (index - 60) * (1 + random()))],
  ['flat triangles in a row', 300, soup(300, (index) => index)],
  ['large coordinates', 200, soup(200, (_, random) => 1e8 * random())],
  ['triangles that need more levels than there are', 130, longestWay()],
  ['walls that come nearer and nearer', 2000, converging(2000)],
  ['one of many far from the rest', 4000, soup(4000, (index, random) => (index === 0 ? 1e8 : random()))],
];

const builders = [
  ['joined', buildBvh],
  ['divided', (positions: Float32Array, count: number) => buildTree(triangleBoxes(positions, count), 4)],
] as const;

/** A row of walls that come nearer and nearer: each finds its mate behind it, and only the last two agree. */
function converging(count: number): Float32Array {
  const positions = new Float32Array(count * 9);
  for (let wall = 0, x = 0; wall < count; wall += 1, x += count - wall)
    positions.set([x, 0, 0, x, 1, 0, x, 0, 1], wall * 9);
  return positions;
}

test('walls that come nearer and nearer are not joined round after round for ever', () => {
  expect(clusterNeighbours(triangleBoxes(converging(2000), 2000).boxes)).toBeUndefined();
});

test.each(
  builders.flatMap(([builder, build]) => scenes.map(([name, ...scene]) => [builder, name, build, ...scene] as const)),
)('a %s tree over %s holds each one once, inside its boxes, within the depth of the stack', (...parameters) => {
  const [, , build, count, positions] = parameters;
  const tree = build(positions, count);
  const { seen, outside, deepest, largestLeaf } = inspect(tree, positions, count);
  expect(seen).toEqual(Array.from({ length: count }, () => 1));
  expect(outside).toBe(0);
  expect(deepest).toBe(tree.depth);
  expect(deepest).toBeLessThanOrEqual(maximumDepth);
  expect(largestLeaf).toBeLessThanOrEqual(4);
});

test.each(builders)('the same triangles give the same bytes of a %s tree', (_name, build) => {
  const positions = soup(2000, (_, random) => random());
  const [first, second] = [build(positions, 2000), build(positions.slice(), 2000)];
  for (const { pack } of layouts) expect(pack(second)).toEqual(pack(first));
});

function scattered(): Float32Array {
  const random = seededRandom(11);
  const positions = new Float32Array(4000 * 9);
  for (let triangle = 0; triangle < 4000; triangle += 1) {
    const center = [random(), random(), random()];
    for (let index = 0; index < 9; index += 1) {
      positions[triangle * 9 + index] = (center[index % 3] as number) * 10 + (random() - 0.5) * 0.5;
    }
  }
  return positions;
}

test.each([
  ['joined', builders[0][1], 1.08],
  ['divided', builders[1][1], 1.02],
] as const)(
  'a %s tree over scattered triangles costs a ray about what the best planes would',
  (_name, build, ratio) => {
    // A sweep over the sorted centres of all three axes at every node, with the same costs, gives 47.07.
    expect(surfaceAreaCost(build(scattered(), 4000))).toBeLessThan(47.07 * ratio);
  },
);

/** A chain as deep as a tree may be. Beside each link, with larger boxes, two nodes and three leaves: collapsing opens those first. */
function thornyChain(): BvhTree {
  const links = maximumDepth - 2;
  const references: number[] = [];
  const bounds: number[] = [];
  const child = (reference: number, size: number) => {
    references.push(reference);
    bounds.push(0, 0, 0, size, size, size);
  };
  for (let link = 0; link < links; link += 1) {
    const node = link * 3;
    const isLast = link + 1 === links;
    child(isLast ? leafReference(link * 4, 1) : node + 3, 1);
    child(node + 1, 9);
    child(node + 2, 8);
    child(leafReference(link * 4 + 1, 1), 7);
    child(leafReference(link * 4 + 2, 1), 6);
    child(leafReference(link * 4 + 3, 1), 5);
  }
  return {
    nodeCount: links * 3,
    references: Uint32Array.from(references),
    bounds: Float32Array.from(bounds),
    rootReference: 0,
    triangleOrder: Uint32Array.from({ length: links * 4 }, (_, index) => index),
    depth: maximumDepth,
  };
}

/** On the stack of a traversal that enters children one by one, at the worst. */
function mostEntries(tree: BvhTree, mostWaiting?: number): number {
  const wide = collapse(tree, 4, mostWaiting);
  const waiting = wide.map(() => 0);
  return wide.reduce((most, { children, inner }, index) => {
    for (const below of inner) if (below >= 0) waiting[below] = (waiting[index] as number) + children.length - 1;
    return Math.max(most, (waiting[index] as number) + children.length);
  }, 0);
}

test('four-wide nodes stay narrow where more children would wait than the stack holds', () => {
  expect(mostEntries(thornyChain())).toBeGreaterThan(64);
  expect(mostEntries(thornyChain(), 60)).toBeLessThanOrEqual(64);
});
