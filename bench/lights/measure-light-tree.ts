// What a tree of lights brings beside the table of powers: noise at equal time, on halls with more and more lamps.
//   node --import ./worker/host/raw-modules.mjs bench/lights/measure-light-tree.ts [--adapter lavapipe] [--out F.json]
// Both renderers take turns, batch by batch; a batch's error is measured against a picture of many more samples. Time is the
// processor's on a software adapter, which runs in this process, so that neighbours on the machine count little.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import {
  type TestTriangle,
  box,
  cameraAt,
  quad,
  sceneOf,
  seededRandom,
  white,
} from '../../tests/gpu/render/scene-fixtures.ts';
import { openDawnDevice } from '../../worker/host/dawn.ts';
import type { EmitterChoice } from '../../worker/render/emitters/light-buffer.ts';
import { type SceneRenderer, createSceneRenderer } from '../../worker/render/scene-renderer.ts';
import type { Material, Scene } from '../../worker/render/scene/scene.ts';
import { summarize } from '../render/summary.ts';

const { values } = parseArgs({
  options: { adapter: { type: 'string', default: 'software' }, out: { type: 'string' } },
});
const side = 40;
const tile = { x0: 0, y0: 0, x1: side, y1: side };
const settings = { widthPixels: side, heightPixels: side, seed: 5, maxBounces: 3 };
const batches = 5;
const batchSamples = 32;
const referenceSamples = 1024;

function lamp(brightness: number): Material {
  return { ...white, baseColor: [0, 0, 0], emission: [brightness, brightness, brightness] };
}

/** A hall of 30 x 60 metres with pillars, and `rows` x `rows` lamps of two triangles under its ceiling, bright ones and dim ones. */
function hall(rows: number): Scene {
  const random = seededRandom(2);
  const lamps: TestTriangle[] = [];
  for (let index = 0; index < rows * rows; index += 1) {
    const x = ((index % rows) + random()) * (30 / rows) - 15;
    const z = (Math.floor(index / rows) + random()) * (-60 / rows);
    const half = 1.6 / rows;
    lamps.push(
      ...quad(
        [x - half, 3.9, z - half],
        [x + half, 3.9, z - half],
        [x + half, 3.9, z + half],
        [x - half, 3.9, z + half],
        1 + (index % 3),
      ),
    );
  }
  const pillars = Array.from({ length: 20 }, (_, index) =>
    box([(index % 4) * 7 - 10.5, 2, -6 - Math.floor(index / 4) * 11], [0.8, 4, 0.8], 0.3, 0),
  );
  return sceneOf(
    [
      ...quad([-15, 0, 0], [15, 0, 0], [15, 0, -60], [-15, 0, -60], 0),
      ...quad([-15, 4, -60], [15, 4, -60], [15, 4, 0], [-15, 4, 0], 0),
      ...quad([-15, 0, -60], [15, 0, -60], [15, 4, -60], [-15, 4, -60], 0),
      ...quad([-15, 0, 0], [-15, 0, -60], [-15, 4, -60], [-15, 4, 0], 0),
      ...quad([15, 0, -60], [15, 0, 0], [15, 4, 0], [15, 4, -60], 0),
      ...pillars.flat(),
      ...lamps,
    ],
    {
      materials: [{ ...white, baseColor: [0.6, 0.6, 0.6] }, lamp(5), lamp(20), lamp(60)],
      // Down the hall, a little below the horizon: the noise of lamps' edges in the picture is no matter of choosing them.
      camera: { ...cameraAt([0, 1.7, -1], 0.9), forward: [0, -0.5, -0.8660254], up: [0, 0.8660254, -0.5] },
    },
  );
}

/** Means of R, G and B of each pixel. */
async function means(renderer: SceneRenderer, firstSample: number, samples: number): Promise<Float64Array> {
  const sums = await renderer.renderTile(tile, firstSample, samples);
  return Float64Array.from(
    sums.filter((_, index) => (index & 3) !== 3),
    (sum) => sum / samples,
  );
}

function ratiosOf(values: Readonly<Record<EmitterChoice, readonly number[]>>): number[] {
  return values.table.map((value, index) => value / (values.tree[index] as number));
}

const { device, description } = await openDawnDevice(values.adapter, 'node_modules/.cache/hearth');
const results = [];
for (const rows of [6, 12, 23, 45, 90]) {
  const scene = hall(rows);
  const open = (emitterChoice: EmitterChoice) =>
    createSceneRenderer(device, scene, settings, { emitterChoice, driver: 'tile' });
  const renderers = { table: await open('table'), tree: await open('tree') };
  // Samples that no batch uses.
  const reference = await means(renderers.tree, batches * batchSamples, referenceSamples);
  const error: Record<EmitterChoice, number[]> = { table: [], tree: [] };
  const seconds: Record<EmitterChoice, number[]> = { table: [], tree: [] };
  for (let batch = 0; batch < batches; batch += 1) {
    for (const choice of ['table', 'tree'] as const) {
      const before = process.cpuUsage();
      const found = await means(renderers[choice], batch * batchSamples, batchSamples);
      const used = process.cpuUsage(before);
      seconds[choice].push((used.user + used.system) / 1e6);
      let sum = 0;
      found.forEach((value, index) => {
        sum += (value - (reference[index] as number)) ** 2;
      });
      error[choice].push(sum / found.length);
    }
  }
  const [errorRatios, timeRatios] = [ratiosOf(error), ratiosOf(seconds)];
  const result = {
    emissiveTriangles: rows * rows * 2,
    tableSecondsOverTree: summarize(timeRatios),
    tableErrorOverTree: summarize(errorRatios),
    efficiencyOfTree: summarize(errorRatios.map((value, index) => value * (timeRatios[index] as number))),
  };
  results.push(result);
  process.stderr.write(`${JSON.stringify(result)}\n`);
  for (const renderer of Object.values(renderers)) renderer.destroy();
}
const report = {
  date: new Date().toISOString().slice(0, 10),
  note: 'Software adapter: relative figures only. Efficiency: mean squared error times processor seconds of the table over those of the tree, in the same process, by turns.',
  adapter: description,
  node: process.version,
  scene: 'a hall of 30 x 60 x 4 metres with pillars; lamps of 5, 20 and 60 under the whole ceiling',
  image: `${side} x ${side} pixels, ${settings.maxBounces} bounces, ${batches} batches of ${batchSamples} samples, against ${referenceSamples} samples`,
  results,
};
const text = `${JSON.stringify(report, null, 2)}\n`;
if (values.out === undefined) process.stdout.write(text);
else writeFileSync(values.out, text);
device.destroy();
