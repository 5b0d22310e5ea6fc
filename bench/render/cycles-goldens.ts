/**
 * What Blender's Cycles makes of the scenes in tests/gpu/render/small-scenes.ts: mean R, G, B of every block of 8 x 8 pixels,
 * which tests/gpu/render/cycles.test.ts holds ours to.
 *
 *   HEARTH_BENCH_NUMPY=folder node --import ../../worker/host/raw-modules.mjs cycles-goldens.ts [samples]
 */
import { writeFileSync } from 'node:fs';
import { blockMeans } from '../../tests/gpu/render/compare-blocks.ts';
import { smallScenes, smallSceneSide as side } from '../../tests/gpu/render/small-scenes.ts';
import { startCycles } from './cycles.ts';

const samples = Number(process.argv[2] ?? 8192);
const cycles = startCycles();
const blocks: Record<string, number[]> = {};
let version = '';
for (const { name, glb, scatterings, background } of smallScenes) {
  const scene = { glb, widthPixels: side, heightPixels: side, scatterings, background };
  version = (await cycles.load(scene)).blender;
  const { means } = await cycles.render(samples, 1);
  blocks[name] = blockMeans(means, side, side).map((value) => Number(value.toPrecision(5)));
  console.error(name, blocks[name]?.join(' '));
}
cycles.close();
const golden = {
  madeBy: `bench/render/cycles-goldens.ts, Blender ${version}, ${samples} samples`,
  blocks,
};
const path = new URL('../../tests/gpu/render/cycles-blocks.json', import.meta.url);
writeFileSync(path, `${JSON.stringify(golden, null, 1)}\n`);
