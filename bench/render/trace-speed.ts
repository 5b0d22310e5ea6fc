/**
 * Rays per second of the traversal alone, for every layout: primary rays of a pinhole, cosine-distributed rays from what
 * they hit, and shadow rays to a point under the ceiling. Time is processor time, which neighbours on the machine do not
 * stretch and which counts every core of a software adapter. With a folder, writes scene and rays for trace-peer.cpp; with
 * that program built, traces them in turn with it.
 *
 *   node --import ../../worker/host/raw-modules.mjs trace-speed.ts [output.json] [folder] [trace-peer]
 */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../worker/gpu/buffers.ts';
import { openDawnDevice } from '../../worker/host/dawn.ts';
import { buildBvh } from '../../worker/render/bvh/build-bvh.ts';
import { bvh2Layout } from '../../worker/render/bvh/layout-bvh2.ts';
import type { BvhLayout } from '../../worker/render/bvh/layout.ts';
import { layouts } from '../../worker/render/bvh/layouts.ts';
import { createCountRaysKernel } from '../../worker/render/kernels/count-rays.ts';
import { createTraceRaysKernel } from '../../worker/render/kernels/trace-rays.ts';
import { createSceneBuffers, packScene } from '../../worker/render/scene-buffers.ts';
import { seededRandom } from '../../tests/gpu/render/scene-fixtures.ts';
import { ballRoom } from './bench-scene.ts';
import { summarize } from './summary.ts';

const side = 512;
const rayCount = side * side;
const repetitions = Number(process.env['HEARTH_BENCH_REPETITIONS'] ?? 7);
const [output, folder, peer] = process.argv.slice(2);

const keepAlive = setInterval(() => undefined, 1000);
const { device, description } = await openDawnDevice(
  process.env['HEARTH_BENCH_ADAPTER'] ?? 'software',
  '../../node_modules/.cache/hearth',
);
const scene = ballRoom();
const tree = buildBvh(scene.positions, scene.triangleCount);

/** A batch of rays in a layout, ready to be traced again and again. */
async function prepare(layout: BvhLayout, rays: Float32Array<ArrayBuffer>) {
  const buffers = createSceneBuffers(
    device,
    packScene(scene, tree, layout, [], { widthPixels: 1, heightPixels: 1, seed: 0, maxBounces: 0 }),
  );
  const rayBuffer = uploadStorageBuffer(device, 'bench.rays', rays);
  const answers = createStorageBuffer(device, 'bench.answers', rayCount * 16);
  const options = { scene: buffers, layout, rays: rayBuffer, answers };
  const kernel = await createTraceRaysKernel(device, options);
  const counter = await createCountRaysKernel(device, options);
  async function once(run: (encoder: GPUCommandEncoder) => void): Promise<number> {
    const cpu = process.cpuUsage();
    const encoder = device.createCommandEncoder();
    run(encoder);
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    const used = process.cpuUsage(cpu);
    return (used.user + used.system) / 1e6;
  }
  await once((encoder) => counter.run(encoder, rayCount));
  const counts = new Uint32Array(await readBuffer(device, answers, rayCount * 8));
  let [nodes, triangles] = [0, 0];
  for (let ray = 0; ray < rayCount; ray += 1) {
    nodes += counts[ray * 2] as number;
    triangles += counts[ray * 2 + 1] as number;
  }
  const trace = () => once((encoder) => kernel.run(encoder, rayCount));
  await trace();
  return {
    counted: { nodesPerRay: nodes / rayCount, trianglesPerRay: triangles / rayCount },
    /** Rays of one run, in millions per second of processor time. */
    speed: async () => rayCount / 1e6 / (await trace()),
    answers: () => readBuffer(device, answers, rayCount * 16),
    destroy() {
      for (const buffer of [rayBuffer, answers, buffers]) buffer.destroy();
    },
  };
}

/** All kinds of rays in turn, so that what the neighbours of this process do meets each alike. */
async function measure(layout: BvhLayout, kinds: Readonly<Record<string, Float32Array<ArrayBuffer>>>) {
  const names = Object.keys(kinds);
  const batches = await Promise.all(Object.values(kinds).map((rays) => prepare(layout, rays)));
  const speeds = batches.map((): number[] => []);
  const peerSpeeds: Map<string, number>[] = [];
  for (let round = 0; round < repetitions; round += 1) {
    if (peer !== undefined) peerSpeeds.push(askPeer(peer));
    for (const [index, batch] of batches.entries()) speeds[index]?.push(await batch.speed());
  }
  const [any = [], closest = []] = ['shadowAnyHit', 'shadowClosestHit'].map((name) => speeds[names.indexOf(name)]);
  for (const batch of batches) batch.destroy();
  return {
    ...Object.fromEntries(
      names.map((name, index) => [
        name,
        {
          megaraysPerCpuSecond: summarize(speeds[index] ?? []),
          ...(peerSpeeds[0]?.has(name) && {
            timesPeer: summarize(
              peerSpeeds.map((speed, round) => (speeds[index]?.[round] as number) / (speed.get(name) as number)),
            ),
          }),
          ...batches[index]?.counted,
        },
      ]),
    ),
    anyHitOverClosestHit: summarize(any.map((speed, round) => speed / (closest[round] as number))),
  };
}

/** Millions of rays per second of processor time by kind of rays: tinybvh's two-wide tree, the best of three runs. */
function askPeer(program: string): Map<string, number> {
  const lines = execFileSync(program, [folder as string], { encoding: 'utf8' })
    .trim()
    .split('\n');
  return new Map(
    lines.map((line) => {
      const [kind, speed] = line.split(' ');
      return [kind === 'shadow' ? 'shadowAnyHit' : (kind as string), Number(speed)];
    }),
  );
}

const primary = new Float32Array(rayCount * 8);
for (let pixel = 0; pixel < rayCount; pixel += 1) {
  const x = (((pixel % side) + 0.5) / side) * 2 - 1;
  const y = 1 - ((Math.floor(pixel / side) + 0.5) / side) * 2;
  const direction = [x * 0.357, y * 0.357, -1];
  const length = Math.hypot(...direction);
  primary.set([0, 0, 3.8, 0, ...direction.map((value) => value / length)], pixel * 8);
}
const first = await prepare(bvh2Layout, primary);
const bytes = await first.answers();
first.destroy();
const { diffuse, shadow } = secondRays(new Float32Array(bytes), new Uint32Array(bytes));

/** From what the primary rays hit: a diffuse bounce, and a ray towards one point; misses send a ray away from the scene. */
function secondRays(hits: Float32Array, words: Uint32Array) {
  const random = seededRandom(9);
  const diffuse = new Float32Array(rayCount * 8);
  const shadow = new Float32Array(rayCount * 8);
  for (let ray = 0; ray < rayCount; ray += 1) {
    const triangle = words[ray * 4 + 1] as number;
    const direction = [...primary.subarray(ray * 8 + 4, ray * 8 + 7)];
    const distance = hits[ray * 4] as number;
    const isHit = triangle !== 0xffffffff;
    let normal = isHit ? [...scene.normals.subarray(triangle * 9, triangle * 9 + 3)] : [0, 0, 1];
    if (normal[0]! * direction[0]! + normal[1]! * direction[1]! + normal[2]! * direction[2]! > 0)
      normal = normal.map((value) => -value);
    const point = [0, 0, 3.8].map(
      (value, axis) => value + direction[axis]! * (isHit ? distance : 0) + normal[axis]! * 1e-4,
    );
    const z = random() * 2 - 1;
    const turn = random() * 2 * Math.PI;
    const reach = Math.sqrt(1 - z * z);
    const bounce = [normal[0]! + reach * Math.cos(turn), normal[1]! + reach * Math.sin(turn), normal[2]! + z];
    const bounceLength = Math.hypot(...bounce);
    diffuse.set([...point, 0, ...bounce.map((value) => value / bounceLength)], ray * 8);
    const light = [0, 0.98, 0].map((value, axis) => value - point[axis]!);
    const lightLength = Math.hypot(...light);
    shadow.set([...point, lightLength * 0.999, ...light.map((value) => value / lightLength)], ray * 8);
  }
  return { diffuse, shadow };
}

/** The shadow rays again, but asking for the closest hit. */
const shadowClosest = shadow.map((value, index) => (index % 8 === 3 ? 0 : value));
if (folder !== undefined) {
  for (const [name, values] of Object.entries({ triangles: scene.positions, primary, diffuse, shadow })) {
    writeFileSync(`${folder}/${name}.f32`, new Uint8Array(values.buffer));
  }
}
const kinds = { primary, diffuse, shadowAnyHit: shadow, shadowClosestHit: shadowClosest };
const figures: Record<string, object> = {};
for (const layout of layouts) figures[layout.name] = await measure(layout, kinds);
const report = {
  date: new Date().toISOString().slice(0, 10),
  adapter: description.description === '' ? description.device : description.description,
  node: process.version,
  scene: `${scene.triangleCount} triangles, ${side}x${side} rays of each kind`,
  figures,
  ...(peer !== undefined && { peer: 'tinybvh 1.6.7, BVH2, binned SAH, one thread, g++ -O3 -march=native' }),
};
console.log(JSON.stringify(report, null, 2));
if (output !== undefined) writeFileSync(output, `${JSON.stringify(report, null, 2)}\n`);
clearInterval(keepAlive);
process.exit(0);
