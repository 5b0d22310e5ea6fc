/**
 * What keeping a mesh once saves in memory and costs in time: balls of 1,024 triangles, three hundred of them listed and
 * kept once in turn, and ten thousand, which only the second way holds. Time is processor time.
 *
 *   node --import ../../worker/host/raw-modules.mjs instances.ts [output.json]
 */
import { writeFileSync } from 'node:fs';
import { openDawnDevice } from '../../worker/host/dawn.ts';
import { createMemorySource } from '../../worker/byte-source.ts';
import { createSceneRenderer } from '../../worker/render/scene-renderer.ts';
import { loadScene } from '../../worker/render/scene/load-scene.ts';
import { instancedBalls } from '../../tests/gpu/render/instanced-balls.ts';
import { summarize } from './summary.ts';

const settings = { widthPixels: 96, heightPixels: 72, seed: 1, maxBounces: 4 };
const samples = 8;
const repetitions = 5;
const keepAlive = setInterval(() => undefined, 1000);
const adapter = process.env['HEARTH_BENCH_ADAPTER'] ?? 'software';
const { device, description } = await openDawnDevice(adapter, '../../node_modules/.cache/hearth');

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function open(count: number, way: 'listed' | 'kept once') {
  const file = instancedBalls(count, 16);
  const start = cpuSeconds();
  const leastSaving = way === 'listed' ? Infinity : 1;
  const scene = await loadScene(createMemorySource(file), {}, { leastSaving });
  const renderer = await createSceneRenderer(device, scene, settings, { driver: 'tile' });
  const openCpuSeconds = Number((cpuSeconds() - start).toFixed(2));
  const { triangleCount, gpuBytes } = renderer.description;
  const rates: number[] = [];
  async function render(): Promise<void> {
    const before = cpuSeconds();
    await renderer.renderTile({ x0: 0, y0: 0, x1: settings.widthPixels, y1: settings.heightPixels }, 0, samples);
    rates.push((settings.widthPixels * settings.heightPixels * samples) / 1000 / (cpuSeconds() - before));
  }
  // Once for what a first run costs.
  await render();
  rates.length = 0;
  return {
    render,
    rates,
    figures: () => ({
      way,
      instances: count + 1,
      triangleCount,
      gpuBytes,
      openCpuSeconds,
      kilosamplesPerCpuSecond: summarize(rates),
    }),
    destroy: () => renderer.destroy(),
  };
}

const few = [await open(300, 'listed'), await open(300, 'kept once')] as const;
const many = await open(10_000, 'kept once');
for (let round = 0; round < repetitions; round += 1) for (const scene of [...few, many]) await scene.render();
const [listed, kept] = few;
const report = {
  date: new Date().toISOString().slice(0, 10),
  adapter: description.description === '' ? description.device : description.description,
  node: process.version,
  scenes: [listed.figures(), kept.figures(), many.figures()],
  rateListedOverKeptOnce: summarize(listed.rates.map((rate, round) => rate / (kept.rates[round] as number))),
};
for (const scene of [...few, many]) scene.destroy();
console.log(JSON.stringify(report, null, 2));
if (process.argv[2] !== undefined) writeFileSync(process.argv[2], `${JSON.stringify(report, null, 2)}\n`);
clearInterval(keepAlive);
process.exit(0);
