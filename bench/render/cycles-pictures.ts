/**
 * The scenes of tests/gpu/render/small-scenes.ts in a row, ours above and Blender's Cycles below, as one PNG.
 *
 *   HEARTH_BENCH_NUMPY=folder node --import ../../worker/host/raw-modules.mjs cycles-pictures.ts ../../docs/images/small-scenes.png
 */
import { writeFileSync } from 'node:fs';
import { pngOf } from '../../tests/render/textures/png-fixture.ts';
import { smallScenes } from '../../tests/gpu/render/small-scenes.ts';
import { createMemorySource } from '../../worker/byte-source.ts';
import { openDawnDevice } from '../../worker/host/dawn.ts';
import { createSceneRenderer } from '../../worker/render/scene-renderer.ts';
import { loadScene } from '../../worker/render/scene/load-scene.ts';
import { startCycles } from './cycles.ts';

const [side, samples, zoom] = [48, 96, 2];
const path = process.argv[2] ?? 'small-scenes.png';
const keepAlive = setInterval(() => undefined, 1000);
const { device } = await openDawnDevice(
  process.env['HEARTH_BENCH_ADAPTER'] ?? 'software',
  '../../node_modules/.cache/hearth',
);
const cycles = startCycles();
const width = smallScenes.length * side * zoom;
const sheet = new Uint8Array(width * 2 * side * zoom * 4).fill(255);

/** `value` gives linear R, G and B by row, column and channel. */
function place(column: number, row: number, value: (index: number) => number): void {
  for (let y = 0; y < side * zoom; y += 1) {
    for (let x = 0; x < side * zoom; x += 1) {
      const pixel = Math.floor(y / zoom) * side + Math.floor(x / zoom);
      const at = ((row * side * zoom + y) * width + column * side * zoom + x) * 4;
      for (let channel = 0; channel < 3; channel += 1) sheet[at + channel] = codeOf(value(pixel * 3 + channel));
    }
  }
}

/** sRGB in 8 bits. */
function codeOf(linear: number): number {
  const limited = Math.min(1, Math.max(0, linear));
  return Math.round(255 * (limited <= 0.0031308 ? 12.92 * limited : 1.055 * limited ** (1 / 2.4) - 0.055));
}

for (const [column, { glb, scatterings, background }] of smallScenes.entries()) {
  const size = { widthPixels: side, heightPixels: side };
  const scene = await loadScene(createMemorySource(glb));
  const renderer = await createSceneRenderer(device, scene, { ...size, seed: 1, maxBounces: scatterings });
  const sums = await renderer.renderTile({ x0: 0, y0: 0, x1: side, y1: side }, 0, samples);
  renderer.destroy();
  place(column, 0, (index) => (sums[Math.floor(index / 3) * 4 + (index % 3)] as number) / samples);
  await cycles.load({ glb, ...size, scatterings, background });
  const { means } = await cycles.render(samples, 1);
  place(column, 1, (index) => means[index] as number);
}
writeFileSync(path, pngOf(width, 2 * side * zoom, sheet));
cycles.close();
clearInterval(keepAlive);
device.destroy();
process.exit(0);
