/**
 * Interleaved comparison at equal noise: efficiency = 1 / (mean squared error x time). Both renderers run on one device in
 * one process, A B A B; the error is against each one's own picture at many more samples, in the Cornell box against ours. Writes a
 * JSON file when given a path. HEARTH_BENCH_SCENE=terrace takes textured balls that an environment lights.
 *
 *   node --import ../../worker/host/raw-modules.mjs equal-noise.ts [pairs] [samples] [output.json]
 */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { createMemorySource } from '../../worker/byte-source.ts';
import { openDawnDevice } from '../../worker/host/dawn.ts';
import type { RenderDriver } from '../../worker/render/driver-choice.ts';
import { buildEnvironmentMap } from '../../worker/render/environment/environment-map.ts';
import { createSceneRenderer } from '../../worker/render/scene-renderer.ts';
import { loadScene } from '../../worker/render/scene/load-scene.ts';
import { glbOfScene } from './glb-of-scene.ts';
import { createPeerRenderer } from './peer-renderer.ts';
import { cornellScene } from './peer-scene.ts';
import { summarize } from './summary.ts';
import { terraceScene } from './terrace-scene.ts';

const isTerrace = process.env['HEARTH_BENCH_SCENE'] === 'terrace';
const benchScene = isTerrace ? terraceScene() : cornellScene();
const side = isTerrace ? 64 : 128;
const referenceSamples = isTerrace ? 1024 : 768;
const pairs = Number(process.argv[2] ?? 5);
const samples = Number(process.argv[3] ?? 16);
const output = process.argv[4];
const driver = process.env['HEARTH_BENCH_DRIVER'] as RenderDriver | undefined;
/** Without a driver: measured, as in the product. */
const drive = {
  ...(driver === undefined ? {} : { driver }),
  ...(benchScene.environment === undefined ? {} : { environment: buildEnvironmentMap(benchScene.environment) }),
};

const keepAlive = setInterval(() => undefined, 1000);
const { device, description } = await openDawnDevice(
  process.env['HEARTH_BENCH_ADAPTER'] ?? 'software',
  '../../node_modules/.cache/hearth',
);
const settings = { widthPixels: side, heightPixels: side, maxBounces: 8 };
const tile = { x0: 0, y0: 0, x1: side, y1: side };

/** Means of R, G, B, rows from the top. */
function means(sums: Float32Array, count: number): Float64Array {
  return Float64Array.from(
    { length: side * side * 3 },
    (_, index) => (sums[Math.floor(index / 3) * 4 + (index % 3)] as number) / count,
  );
}

function channelMeans(picture: Float64Array): number[] {
  return [0, 1, 2].map((channel) => {
    let sum = 0;
    for (let index = channel; index < picture.length; index += 3) sum += picture[index] as number;
    return Number((sum / (side * side)).toFixed(5));
  });
}

const started = performance.now();
const startedCpu = process.cpuUsage();
const scene = await loadScene(createMemorySource(glbOfScene(benchScene)));
const first = await createSceneRenderer(device, scene, { ...settings, seed: 1 }, drive);
await first.renderTile(tile, 0, 1);
const oursFirstSampleMs = performance.now() - started;
const oursFirstSampleCpuMs = cpuMs(startedCpu);
const reference = await readReference();
first.destroy();
console.error(`ours: first sample after ${Math.round(oursFirstSampleMs)} ms`);
/** The same picture at many samples, kept between runs: it takes longer than the comparison. */
async function readReference(): Promise<Float64Array> {
  const path = `../../node_modules/.cache/hearth/${isTerrace ? 'terrace' : 'cornell'}-${side}-${referenceSamples}.f64`;
  if (existsSync(path)) {
    const bytes = readFileSync(path);
    return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  }
  const picture = means(await first.renderTile(tile, 1_000_000, referenceSamples), referenceSamples);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, new Uint8Array(picture.buffer));
  return picture;
}

/** Pixels that see the lamp or the sun, or its edge, say nothing about light transport. */
const isLamp = Array.from({ length: side * side }, (_, pixel) => (reference[pixel * 3] as number) > 4);

function meanSquaredError(picture: Float64Array, expected: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (let index = 0; index < picture.length; index += 1) {
    if (isLamp[Math.floor(index / 3)]) continue;
    sum += ((picture[index] as number) - (expected[index] as number)) ** 2;
    count += 1;
  }
  return sum / count;
}

const peerCpu = process.cpuUsage();
const peer = await createPeerRenderer(device, benchScene, side);
const peerFirstSampleCpuMs = cpuMs(peerCpu);
console.error(`peer: first sample after ${Math.round(peer.firstSampleMs)} ms`);
let peerReference = reference;
if (isTerrace) {
  await peer.render(referenceSamples);
  peerReference = colorsOf(await peer.read());
}

function colorsOf(pixels: Float32Array): Float64Array {
  return Float64Array.from(
    { length: side * side * 3 },
    (_, index) => pixels[Math.floor(index / 3) * 4 + (index % 3)] as number,
  );
}

function cpuMs(since: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(since);
  return (used.user + used.system) / 1000;
}

interface Run {
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly samplesPerPixel: number;
  readonly meanSquaredError: number;
  readonly means: number[];
}

async function timed(
  work: () => Promise<number>,
  read: () => Promise<Float64Array>,
  expected: Float64Array,
): Promise<Run> {
  const cpu = process.cpuUsage();
  const wall = performance.now();
  const samplesPerPixel = await work();
  const wallMs = performance.now() - wall;
  const usedMs = cpuMs(cpu);
  const picture = await read();
  return {
    wallMs,
    cpuMs: usedMs,
    samplesPerPixel,
    meanSquaredError: meanSquaredError(picture, expected),
    means: channelMeans(picture),
  };
}

const ours: Run[] = [];
const peers: Run[] = [];
for (let pair = 0; pair < pairs; pair += 1) {
  const renderer = await createSceneRenderer(device, scene, { ...settings, seed: 100 + pair }, drive);
  let sums = new Float32Array();
  ours.push(
    await timed(
      async () => {
        sums = await renderer.renderTile(tile, 0, samples);
        return samples;
      },
      async () => means(sums, samples),
      reference,
    ),
  );
  renderer.destroy();
  peers.push(
    await timed(
      async () => (await peer.render(samples)).averageSamples,
      async () => colorsOf(await peer.read()),
      peerReference,
    ),
  );
}

const efficiency = (run: Run, time: 'wallMs' | 'cpuMs') => 1 / (run.meanSquaredError * run[time]);
const ratios = (value: (run: Run) => number) =>
  summarize(ours.map((run, index) => value(run) / value(peers[index] as Run)));
const packages = ['three', 'three-mesh-bvh', 'three-gpu-pathtracer'].map((name) => [
  name,
  (JSON.parse(readFileSync(`node_modules/${name}/package.json`, 'utf8')) as { version: string }).version,
]);
const report = {
  date: new Date().toISOString().slice(0, 10),
  adapter: description.description === '' ? description.device : description.description,
  node: process.version,
  versions: Object.fromEntries(packages) as Record<string, string>,
  driver: driver ?? 'measured',
  scene: `${benchScene.name}, ${side}x${side}, 8 bounces, ${samples} samples, reference ${referenceSamples} samples of ${isTerrace ? 'each' : 'ours'}, lamp pixels left out`,
  referenceMeans: { ours: channelMeans(reference), peer: channelMeans(peerReference) },
  efficiencyRatioWall: ratios((run) => efficiency(run, 'wallMs')),
  efficiencyRatioCpu: ratios((run) => efficiency(run, 'cpuMs')),
  samplesPerSecondRatioWall: ratios((run) => run.samplesPerPixel / run.wallMs),
  samplesPerSecondRatioCpu: ratios((run) => run.samplesPerPixel / run.cpuMs),
  firstSampleMs: { ours: Math.round(oursFirstSampleMs), peer: Math.round(peer.firstSampleMs) },
  firstSampleCpuMs: { ours: Math.round(oursFirstSampleCpuMs), peer: Math.round(peerFirstSampleCpuMs) },
  ours: ours.map(rounded),
  peer: peers.map(rounded),
};
function rounded(run: Run) {
  return {
    ...run,
    wallMs: Math.round(run.wallMs),
    cpuMs: Math.round(run.cpuMs),
    ksamplesPerSecond: Math.round((side * side * run.samplesPerPixel) / run.wallMs),
  };
}
console.log(JSON.stringify(report, null, 2));
if (output !== undefined) writeFileSync(output, `${JSON.stringify(report, null, 2)}\n`);
clearInterval(keepAlive);
device.destroy();
process.exit(0);
