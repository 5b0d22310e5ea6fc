import { expect, test } from 'vitest';
import { createStorageBuffer, readBuffer } from '../../../worker/gpu/buffers.ts';
import { buildBvh } from '../../../worker/render/bvh/build-bvh.ts';
import { bvh2Layout } from '../../../worker/render/bvh/layout-bvh2.ts';
import { type LightEntry, listLights } from '../../../worker/render/emitters/light-list.ts';
import { createPathTraceKernel } from '../../../worker/render/kernels/path-trace.ts';
import { createSceneBuffers, packScene } from '../../../worker/render/scene-buffers.ts';
import type { Material, Scene } from '../../../worker/render/scene/scene.ts';
import { getTestDevice } from '../test-device.ts';
import { box, cameraAt, quad, sceneOf, white } from './scene-fixtures.ts';

const side = 16;
const samples = 1024;
const settings = { widthPixels: side, heightPixels: side, seed: 8, maxBounces: 3 };

function lampRoom(surface: Partial<Material>): Scene {
  return sceneOf(
    [
      ...quad([-3, -1, 3], [3, -1, 3], [3, -1, -3], [-3, -1, -3], 0),
      ...quad([-3, -1, -3], [3, -1, -3], [3, 3, -3], [-3, 3, -3], 0),
      ...box([0.8, -0.4, -1], [1, 1.2, 1], 0.4, 0),
      ...quad([-2, 2, -2], [1, 2, -2], [1, 2, 1], [-2, 2, 1], 1),
    ],
    {
      materials: [
        { ...white, baseColor: [0.7, 0.7, 0.7], ...surface },
        { ...white, baseColor: [0, 0, 0], emission: [3, 3, 3] },
      ],
      camera: cameraAt([0, 0.4, 5], 0.5),
    },
  );
}

/** Mean luminance of the picture and its standard error, from the sums that the kernel returns. */
async function estimate(scene: Scene, lights: readonly LightEntry[]): Promise<{ mean: number; error: number }> {
  const device = await getTestDevice();
  const tree = buildBvh(scene.positions, scene.triangleCount);
  const buffers = createSceneBuffers(device, packScene(scene, tree, bvh2Layout, lights, settings));
  const kernel = await createPathTraceKernel(device, { scene: buffers, layout: bvh2Layout });
  const film = createStorageBuffer(device, 'test.film', side * side * 16);
  kernel.bindFilm(film);
  const slice = {
    tileX: 0,
    tileY: 0,
    tileWidth: side,
    firstRow: 0,
    endRow: side,
    firstSample: 0,
    sampleCount: samples,
  };
  kernel.setSlice({ ...slice, continues: false });
  const encoder = device.createCommandEncoder();
  kernel.run(encoder);
  device.queue.submit([encoder.finish()]);
  const sums = new Float32Array(await readBuffer(device, film, side * side * 16));
  kernel.destroy();
  buffers.destroy();
  film.destroy();
  let [mean, variance] = [0, 0];
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    const average = (sums[pixel * 4] as number) / samples;
    mean += average / side ** 2;
    variance += ((sums[pixel * 4 + 3] as number) / samples - average * average) / samples / side ** 4;
  }
  return { mean, error: Math.sqrt(variance) };
}

const volume = { attenuationColor: [0.4, 0.7, 0.9], attenuationDistance: 1 } as const;

test.each<[string, Partial<Material>]>([
  ['matt', { roughness: 1 }],
  ['glossy', { roughness: 0.3 }],
  ['metal', { metallic: 1, roughness: 0.4 }],
  ['frosted glass', { transmission: 1, roughness: 0.4, volume }],
  ['lacquered', { clearcoat: { factor: 1, roughness: 0.2 } }],
])(
  'lights that are chosen and lights that are only met give the same picture of a %s room',
  async (_name, surface) => {
    const scene = lampRoom(surface);
    const [both, met] = [await estimate(scene, listLights(scene, undefined)), await estimate(scene, [])];
    expect(Math.abs(both.mean - met.mean)).toBeLessThan(3 * Math.hypot(both.error, met.error));
    expect(both.error).toBeLessThan(met.error);
  },
  180_000,
);
