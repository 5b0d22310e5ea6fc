/**
 * Time and quality of our tree builder against three-mesh-bvh's, both by the surface area heuristic, interleaved in one
 * process. Processor time of the process, so that neighbours on the machine do not count. Cost: expected cost of a ray that
 * crosses the root, with three-mesh-bvh's constants (1 per node, 1.25 per triangle) for both.
 *
 *   node build-speed.ts [output.json]
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { BufferAttribute, BufferGeometry } from 'three';
import { MeshBVH, SAH } from 'three-mesh-bvh';
import { buildBvh } from '../../worker/render/bvh/build-bvh.ts';
import { buildTree } from '../../worker/render/bvh/build-tree.ts';
import type { BvhTree } from '../../worker/render/bvh/bvh-tree.ts';
import { triangleBoxes } from '../../worker/render/bvh/primitive-boxes.ts';
import { surfaceAreaCost } from '../../worker/render/bvh/surface-area-cost.ts';
import { soup, terrain } from './bench-scene.ts';
import { summarize } from './summary.ts';

const scenes: readonly [string, Float32Array<ArrayBuffer>, number][] = [
  ['terrain', terrain(70), 9],
  ['soup', soup(9000, 0.5), 9],
  ['terrain', terrain(250), 5],
  ['terrain', terrain(708), 3],
];
/** Ours: joined from below, what scenes get, and divided from above, what it falls back to. */
const builders = [
  ['joined', buildBvh],
  ['divided', (positions: Float32Array, count: number) => buildTree(triangleBoxes(positions, count), 4)],
] as const;
/** Its default, what three-gpu-pathtracer asks for, and that of our trees. */
const leafSizes = [10, 5, 4];

function round(value: number): number {
  return Number(value.toFixed(3));
}

function cpuMs(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const used = process.cpuUsage(start);
  return (used.user + used.system) / 1000;
}

function geometryOf(positions: Float32Array<ArrayBuffer>): BufferGeometry {
  const geometry = new BufferGeometry();
  geometry.setAttribute('position', new BufferAttribute(positions.slice(), 3));
  geometry.setIndex(
    new BufferAttribute(
      Uint32Array.from({ length: positions.length / 3 }, (_, index) => index),
      1,
    ),
  );
  return geometry;
}

function peerCost(bvh: MeshBVH): number {
  let cost = 0;
  let root = 0;
  bvh.traverse((depth, isLeaf, box, _offset, count) => {
    const [x0, y0, z0, x1, y1, z1] = box as unknown as number[];
    const [x, y, z] = [x1! - x0!, y1! - y0!, z1! - z0!];
    const area = x * y + y * z + z * x;
    if (depth === 0) root = area;
    cost += area * (isLeaf ? 1.25 * count : 1);
  });
  return cost / root;
}

const rows = scenes.map(([name, positions, repetitions]) => {
  const count = positions.length / 9;
  const ours = builders.map((): number[] => []);
  const peers = leafSizes.map((): number[] => []);
  const oursCosts = builders.map(() => 0);
  const peerCosts = leafSizes.map(() => 0);
  for (let repetition = 0; repetition < repetitions + 2; repetition += 1) {
    const isWarm = repetition >= 2;
    builders.forEach(([, build], index) => {
      let tree: BvhTree | undefined;
      const own = cpuMs(() => (tree = build(positions, count)));
      if (isWarm) ours[index]?.push(own);
      oursCosts[index] = surfaceAreaCost(tree as BvhTree, 1, 1.25);
    });
    leafSizes.forEach((targetLeafSize, index) => {
      const geometry = geometryOf(positions);
      let bvh: MeshBVH | undefined;
      const options = { strategy: SAH, targetLeafSize, verbose: false } as unknown as ConstructorParameters<
        typeof MeshBVH
      >[1];
      const time = cpuMs(() => (bvh = new MeshBVH(geometry, options)));
      if (isWarm) peers[index]?.push(time);
      peerCosts[index] = peerCost(bvh as MeshBVH);
    });
  }
  const peerRows = leafSizes.map((targetLeafSize, index) => ({
    targetLeafSize,
    cpuMs: summarize(peers[index] as number[]),
    cost: round(peerCosts[index] as number),
  }));
  const ownRows = builders.map(([tree], own) => ({
    tree,
    cpuMs: summarize(ours[own] as number[]),
    cost: round(oursCosts[own] as number),
    against: leafSizes.map((targetLeafSize, index) => ({
      targetLeafSize,
      timeRatioPeerToOurs: summarize(
        (peers[index] as number[]).map((time, place) => time / (ours[own]?.[place] as number)),
      ),
      costRatioOursToPeer: round((oursCosts[own] as number) / (peerCosts[index] as number)),
    })),
  }));
  return { scene: `${name}, ${count} triangles`, ours: ownRows, threeMeshBvh: peerRows };
});
const version = (name: string) =>
  (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }).version;
const report = {
  date: new Date().toISOString().slice(0, 10),
  node: process.version,
  versions: { three: version('three'), 'three-mesh-bvh': version('three-mesh-bvh') },
  rows,
};
console.log(JSON.stringify(report, null, 2));
if (process.argv[2] !== undefined) writeFileSync(process.argv[2], `${JSON.stringify(report, null, 2)}\n`);
