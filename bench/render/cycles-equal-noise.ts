/**
 * Efficiency at equal noise, 1 / (mean squared error x processor time), next to Blender's Cycles on the same cores: the Cornell
 * box with matt walls, where both must find the same picture, and with its materials as each reads them from the GLB. Each
 * renderer's error is against its own picture at many more samples. Runs in turn, A B A B.
 *
 *   HEARTH_BENCH_NUMPY=folder node --import ../../worker/host/raw-modules.mjs cycles-equal-noise.ts [pairs] [output.json]
 */
import { writeFileSync } from 'node:fs';
import { createMemorySource } from '../../worker/byte-source.ts';
import { openDawnDevice } from '../../worker/host/dawn.ts';
import type { RenderDriver } from '../../worker/render/driver-choice.ts';
import { createSceneRenderer, type SceneRenderer } from '../../worker/render/scene-renderer.ts';
import { loadScene } from '../../worker/render/scene/load-scene.ts';
import { startCycles } from './cycles.ts';
import { glbOfScene } from './glb-of-scene.ts';
import { cornellScene } from './peer-scene.ts';
import { summarize } from './summary.ts';

const side = 128;
const scatterings = 9;
const referenceSamples = Number(process.env['HEARTH_BENCH_REFERENCE'] ?? 2048);
const pairs = Number(process.argv[2] ?? 5);
const output = process.argv[3];
const driver = process.env['HEARTH_BENCH_DRIVER'] as RenderDriver | undefined;
const keepAlive = setInterval(() => undefined, 1000);
const { device, description } = await openDawnDevice(
  process.env['HEARTH_BENCH_ADAPTER'] ?? 'software',
  '../../node_modules/.cache/hearth',
);
const cycles = startCycles();

interface Timed {
  readonly means: Float64Array;
  readonly cpuMs: number;
}

async function timed(renderer: SceneRenderer, firstSample: number, samples: number): Promise<Timed> {
  const before = process.cpuUsage();
  const sums = await renderer.renderTile({ x0: 0, y0: 0, x1: side, y1: side }, firstSample, samples);
  const cpuMs = cpuMsSince(before);
  const means = Float64Array.from(
    { length: side * side * 3 },
    (_, index) => (sums[Math.floor(index / 3) * 4 + (index % 3)] as number) / samples,
  );
  return { means, cpuMs };
}

function cpuMsSince(before: NodeJS.CpuUsage): number {
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000;
}

function channelMeans(picture: Float64Array): number[] {
  return [0, 1, 2].map((channel) => {
    const own = picture.filter((_, index) => index % 3 === channel);
    return Number((own.reduce((sum, value) => sum + value, 0) / own.length).toFixed(5));
  });
}

/** Pixels that see the lamp, or its edge, say nothing about light transport. */
function meanSquaredError(picture: Float64Array, reference: Float64Array): number {
  let [sum, count] = [0, 0];
  picture.forEach((value, index) => {
    if ((reference[index - (index % 3)] as number) > 4) return;
    sum += (value - (reference[index] as number)) ** 2;
    count += 1;
  });
  return sum / count;
}

/** The time of `samples` without what every render takes: from one with a single sample. */
function samplingMs(single: Timed, many: Timed, samples: number): number {
  return ((many.cpuMs - single.cpuMs) * samples) / (samples - 1);
}

interface Run {
  readonly meanSquaredError: number;
  readonly samplingCpuMs: number;
  readonly renderCpuMs: number;
}

async function compare(name: string, matt: boolean, samples: number, pattern: 'SOBOL' | 'PROGRESSIVE_MULTI_JITTER') {
  const glb = glbOfScene(cornellScene({ isMatt: matt }));
  const size = { widthPixels: side, heightPixels: side };
  const settings = { ...size, maxBounces: scatterings };
  const drive = driver === undefined ? {} : { driver };
  const started = process.cpuUsage();
  const scene = await loadScene(createMemorySource(glb));
  const first = await createSceneRenderer(device, scene, { ...settings, seed: 1 }, drive);
  await timed(first, 0, samples);
  const oursWhole = cpuMsSince(started);
  const { loadCpuMs, blender } = await cycles.load({ glb, ...size, scatterings, pattern });
  const cyclesWhole = loadCpuMs + (await cycles.render(samples, 1)).cpuMs;
  console.error(`${name}, ${samples} samples: references`);
  const oursReference = (await timed(first, 1_000_000, referenceSamples)).means;
  first.destroy();
  const cyclesReference = (await cycles.render(referenceSamples, 99)).means;
  const ours: Run[] = [];
  const theirs: Run[] = [];
  for (let pair = 0; pair < pairs; pair += 1) {
    const renderer = await createSceneRenderer(device, scene, { ...settings, seed: 100 + pair }, drive);
    const one = await timed(renderer, 0, 1);
    const many = await timed(renderer, 0, samples);
    renderer.destroy();
    ours.push(runOf(one, many, oursReference, samples));
    const theirOne = await cycles.render(1, 200 + pair);
    theirs.push(runOf(theirOne, await cycles.render(samples, 100 + pair), cyclesReference, samples));
  }
  const ratio = (time: 'samplingCpuMs' | 'renderCpuMs') =>
    summarize(
      ours.map((run, index) => {
        const peer = theirs[index] as Run;
        return (peer.meanSquaredError * peer[time]) / (run.meanSquaredError * run[time]);
      }),
    );
  const [ourMeans, theirMeans] = [channelMeans(oursReference), channelMeans(cyclesReference)];
  return {
    name,
    samples,
    pattern,
    blender,
    efficiencyRatioSampling: ratio('samplingCpuMs'),
    efficiencyRatioRender: ratio('renderCpuMs'),
    meanSquaredErrorRatio: summarize(
      ours.map((run, index) => (theirs[index] as Run).meanSquaredError / run.meanSquaredError),
    ),
    referenceMeans: { ours: ourMeans, cycles: theirMeans },
    meanDifferencePercent: ourMeans.map((value, axis) =>
      Number(((value / (theirMeans[axis] as number) - 1) * 100).toFixed(3)),
    ),
    wholeCpuMs: { ours: Math.round(oursWhole), cycles: Math.round(cyclesWhole) },
    ours,
    cycles: theirs,
  };
}

function runOf(one: Timed, many: Timed, reference: Float64Array, samples: number): Run {
  return {
    meanSquaredError: Number(meanSquaredError(many.means, reference).toPrecision(4)),
    samplingCpuMs: Math.round(samplingMs(one, many, samples)),
    renderCpuMs: Math.round(many.cpuMs),
  };
}

const scenes = [];
for (const [name, matt] of [
  ['matt surfaces', true],
  ['materials as read from the GLB', false],
] as const) {
  scenes.push(await compare(name, matt, 64, 'PROGRESSIVE_MULTI_JITTER'));
}
scenes.push(await compare('matt surfaces', true, 16, 'SOBOL'));
const report = {
  date: new Date().toISOString().slice(0, 10),
  adapter: description.description === '' ? description.device : description.description,
  node: process.version,
  driver: driver ?? 'measured',
  note: 'A software adapter on the cores that Cycles has; processor time, user and system, of all threads of each process.',
  scene: `Cornell box of bench/render, ${side}x${side}, ${scatterings} scatterings, references ${referenceSamples} samples of each, lamp pixels left out`,
  cyclesSettings:
    '2 threads, Embree, no denoising, adaptive sampling, clamping, glossy filter or light threshold; caustics; box filter',
  scenes,
};
console.log(JSON.stringify(report, null, 2));
if (output !== undefined) writeFileSync(output, `${JSON.stringify(report, null, 2)}\n`);
cycles.close();
clearInterval(keepAlive);
device.destroy();
process.exit(0);
