import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { openScene } from '../../../worker/render/index.ts';
import { getTestDevice } from '../test-device.ts';
import { blockErrors, blockMeans } from './compare-blocks.ts';
import { renderMeans } from './render-sums.ts';

interface Reference {
  readonly sceneSha256: string;
  readonly settings: { readonly widthPixels: number; readonly heightPixels: number; readonly maxBounces: number };
  readonly blocks: readonly number[];
}

// The noisiest block is the brass knot. Of the seeds 1 to 8 the worst block is 1.1 % off at this count (seed 2), and 2.3 % at
// 512 samples (seed 8): any seed would do here.
const samples = 1024;
const file = new Uint8Array(readFileSync(new URL('../../../assets/hearth-room.glb', import.meta.url)));
const reference = JSON.parse(
  readFileSync(new URL('../reference/hearth-room-blocks.json', import.meta.url), 'utf8'),
) as Reference;

test('the committed figures of the reference tracer belong to the committed scene', () => {
  expect(createHash('sha256').update(file).digest('hex')).toBe(reference.sceneSha256);
});

test('the embedded scene converges to what the float64 reference tracer computed, within 2 % in every block', async () => {
  const settings = { ...reference.settings, seed: 2 };
  const renderer = await openScene(await getTestDevice(), createMemorySource(file), settings);
  const means = await renderMeans(renderer, settings, samples);
  renderer.destroy();
  const errors = blockErrors(blockMeans(means, settings.widthPixels, settings.heightPixels), reference.blocks);
  expect(errors).toHaveLength(16);
  expect(Math.max(...errors)).toBeLessThan(0.02);
}, 180_000);
