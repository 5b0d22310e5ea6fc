/**
 * Generated terrains of one and of three million triangles under a constant sky: builds their trees, puts them on the GPU and
 * renders them. Three million are more than one binding of 128 MiB holds.
 *
 *   node --import ../../worker/host/raw-modules.mjs million-triangles.ts [output.json]
 */
import { writeFileSync } from 'node:fs';
import { openDawnDevice } from '../../worker/host/dawn.ts';
import { createSceneRenderer } from '../../worker/render/scene-renderer.ts';
import { cameraAt, sceneOf, white } from '../../tests/gpu/render/scene-fixtures.ts';
import { terrain } from './bench-scene.ts';

const sides = [708, 1230];
const keepAlive = setInterval(() => undefined, 1000);
const adapter = process.env['HEARTH_BENCH_ADAPTER'] ?? 'software';
const { device, description } = await openDawnDevice(adapter, '../../node_modules/.cache/hearth');

async function measure(side: number) {
  const positions = terrain(side);
  const triangleCount = positions.length / 9;
  const normals = Float32Array.from({ length: positions.length }, (_, index) => (index % 3 === 1 ? 1 : 0));
  const scene = {
    ...sceneOf([], { materials: [white], camera: cameraAt([side / 2, 30, side + 40], 0.8), background: [1, 1, 1] }),
    triangleCount,
    positions,
    normals,
    materialIndices: new Uint32Array(triangleCount),
  };
  const settings = { widthPixels: 128, heightPixels: 128, seed: 1, maxBounces: 4 };
  const started = performance.now();
  const renderer = await createSceneRenderer(device, scene, settings, { driver: 'tile' });
  const openMs = performance.now() - started;
  const sums = await renderer.renderTile({ x0: 0, y0: 0, x1: 128, y1: 128 }, 0, 4);
  const renderMs = performance.now() - started - openMs;
  const { gpuBytes } = renderer.description;
  renderer.destroy();
  let mean = 0;
  for (let index = 0; index < sums.length; index += 4) mean += (sums[index] as number) / 4 / (sums.length / 4);
  return {
    triangleCount,
    gpuBytes,
    largestArrayBytes: triangleCount * 64,
    openMs: Math.round(openMs),
    renderMs: Math.round(renderMs),
    samples: '128 x 128 x 4',
    meanRadiance: Number(mean.toFixed(4)),
  };
}

const scenes = [];
for (const side of sides) scenes.push(await measure(side));
const report = {
  date: new Date().toISOString().slice(0, 10),
  adapter: description.description === '' ? description.device : description.description,
  maxStorageBufferBindingSize: device.limits.maxStorageBufferBindingSize,
  scenes,
};
console.log(JSON.stringify(report, null, 2));
if (process.argv[2] !== undefined) writeFileSync(process.argv[2], `${JSON.stringify(report, null, 2)}\n`);
clearInterval(keepAlive);
process.exit(0);
