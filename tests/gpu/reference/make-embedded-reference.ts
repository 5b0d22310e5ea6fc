// Writes hearth-room-blocks.json: what the float64 reference tracer sees of the embedded scene, as means of 8 x 8 pixels.
// Takes minutes, so the figures are committed. Run: node tests/gpu/reference/make-embedded-reference.ts, then
// oxfmt tests/gpu/reference/hearth-room-blocks.json.
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import { blockMeans } from '../render/compare-blocks.ts';
import { renderReference } from './path-tracer.ts';

const settings = { widthPixels: 32, heightPixels: 32, samples: 4096, seed: 20, maxBounces: 8 };

const file = new Uint8Array(readFileSync(new URL('../../../assets/hearth-room.glb', import.meta.url)));
const image = renderReference(await loadScene(createMemorySource(file)), settings);
const reference = {
  scene: 'assets/hearth-room.glb',
  sceneSha256: createHash('sha256').update(file).digest('hex'),
  settings,
  blocks: blockMeans(image, settings.widthPixels, settings.heightPixels).map((value) => Number(value.toPrecision(7))),
};
writeFileSync(new URL('hearth-room-blocks.json', import.meta.url), `${JSON.stringify(reference)}\n`);
