import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { createMemorySource } from '../../../worker/byte-source.ts';
import { loadScene } from '../../../worker/render/scene/load-scene.ts';
import { createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import { getTestDevice } from '../test-device.ts';
import { blockErrors, blockMeans } from './compare-blocks.ts';
import { renderMeans } from './render-sums.ts';
import { smallScenes, smallSceneSide as side } from './small-scenes.ts';

/** Mean R, G, B of four blocks, made by bench/render/cycles-goldens.ts. */
const { blocks } = JSON.parse(readFileSync(new URL('cycles-blocks.json', import.meta.url), 'utf8')) as {
  blocks: Readonly<Record<string, readonly number[]>>;
};

test.each(smallScenes.map((scene) => [scene.name, scene] as const))(
  'Cycles shows the same of %s',
  async (name, { glb, scatterings, samples, tolerance }) => {
    const settings = { widthPixels: side, heightPixels: side, seed: 3, maxBounces: scatterings };
    const renderer = await createSceneRenderer(
      await getTestDevice(),
      await loadScene(createMemorySource(glb)),
      settings,
    );
    const errors = blockErrors(
      blockMeans(await renderMeans(renderer, settings, samples), side, side),
      blocks[name] ?? [],
    );
    renderer.destroy();
    expect(errors).toHaveLength(4);
    expect(Math.max(...errors)).toBeLessThan(tolerance);
  },
  180_000,
);
