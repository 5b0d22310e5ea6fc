import { expect, test } from 'vitest';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { packLights } from '../../../worker/render/emitters/light-buffer.ts';
import { listLights } from '../../../worker/render/emitters/light-list.ts';
import { lightTree } from '../../../worker/render/library/light-tree.ts';
import { assembleShader } from '../../../worker/render/library/shader-fragment.ts';
import { createSceneRenderer, type SceneRendererOptions } from '../../../worker/render/scene-renderer.ts';
import type { Scene, Vector3 } from '../../../worker/render/scene/scene.ts';
import { getTestDevice } from '../test-device.ts';
import { deviations, estimate } from './estimate.ts';
import { lampField, lamps } from './lamp-field.ts';
import { sceneOf, seededRandom, white } from './scene-fixtures.ts';

const code = `
@group(1) @binding(0) var<storage, read> points: array<vec4f>;
/// Where each emitter lies alone.
@group(1) @binding(1) var<storage, read> elements: array<u32>;
@group(1) @binding(2) var<storage, read_write> chances: array<f32>;
@group(1) @binding(3) var<storage, read_write> counts: array<atomic<u32>>;

@compute @workgroup_size(64) fn claim(@builtin(global_invocation_id) id: vec3u) {
  let count = arrayLength(&elements);
  if (id.x < count * arrayLength(&points)) {
    chances[id.x] = emitter_chance(elements[id.x % count], points[id.x / count].xyz);
  }
}

@compute @workgroup_size(64) fn draw(@builtin(global_invocation_id) id: vec3u) {
  let chosen = choose_emitter(1u, points[0].xyz, random_pair(sample_key(9u, id.x, 0u), 4u));
  chances[chosen.light.triangle_slot] = chosen.chance;
  atomicAdd(&counts[chosen.light.triangle_slot], 1u);
}`;

interface Probe {
  /** Points x emitters; after drawing, those of the emitters that were drawn. */
  readonly chances: Float32Array;
  readonly counts: Uint32Array;
}

function isColor(_: number, index: number): boolean {
  return (index & 3) !== 3;
}

function entry(binding: number, buffer: GPUBuffer): GPUBindGroupEntry {
  return { binding, resource: { buffer } };
}

/** Runs an entry point on a scene of nothing but lamps. */
async function probe(
  entryPoint: 'claim' | 'draw',
  scene: Scene,
  points: readonly Vector3[],
  threads: number,
): Promise<Probe> {
  const device = await getTestDevice();
  const identity = Uint32Array.from({ length: scene.triangleCount }, (_, index) => index);
  const packed = packLights(scene, listLights(scene, undefined), identity, 'tree');
  const elements = Uint32Array.from(identity, (triangle) => packed.elementOf.get(triangle) as number);
  const pipeline = await createComputePipeline(device, {
    label: `test.${entryPoint}`,
    code: assembleShader({ name: 'probe', code, requires: [lightTree] }),
    entryPoint,
  });
  const chanceBytes = points.length * elements.length * 4;
  const buffers = [
    uploadStorageBuffer(device, 'test.lights', new Uint8Array(packed.lights)),
    uploadStorageBuffer(device, 'test.points', Float32Array.from(points.flatMap((point) => [...point, 0]))),
    uploadStorageBuffer(device, 'test.elements', elements),
    createStorageBuffer(device, 'test.chances', chanceBytes),
    createStorageBuffer(device, 'test.counts', elements.length * 4),
  ] as const;
  const own = entryPoint === 'claim' ? [0, 1, 2] : [0, 2, 3];
  const groups = [[entry(5, buffers[0])], own.map((binding) => entry(binding, buffers[binding + 1] as GPUBuffer))];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  groups.forEach((entries, group) =>
    pass.setBindGroup(group, device.createBindGroup({ layout: pipeline.getBindGroupLayout(group), entries })),
  );
  pass.dispatchWorkgroups(Math.ceil(threads / 64));
  pass.end();
  device.queue.submit([encoder.finish()]);
  const chances = new Float32Array(await readBuffer(device, buffers[3], chanceBytes));
  const counts = new Uint32Array(await readBuffer(device, buffers[4], elements.length * 4));
  for (const buffer of buffers) buffer.destroy();
  return { chances, counts };
}

function lampsAlone(count: number): Scene {
  const emission: Vector3 = [1, 2, 3];
  return sceneOf(lamps(count, 5, 2), {
    materials: [white, { ...white, emission }, { ...white, emission, doubleSided: true }],
  });
}

test('the chances of all emitters add up to one, from anywhere', async () => {
  const random = seededRandom(1);
  const near = Array.from({ length: 60 }, (): Vector3 => [random() * 3 - 1.5, random() * 3 - 1.5, random() * 3 - 1.5]);
  const points: Vector3[] = [...near, [0, 0, 0], [1e4, -1e4, 1e3], [0, 1e8, 0], [0.3, 1e-20, 0]];
  const scene = lampsAlone(300);
  const { chances } = await probe('claim', scene, points, points.length * scene.triangleCount);
  points.forEach((_, index) => {
    const own = chances.subarray(index * scene.triangleCount, (index + 1) * scene.triangleCount);
    expect(own.reduce((sum, chance) => sum + chance, 0)).toBeCloseTo(1, 5);
    expect(Math.min(...own)).toBeGreaterThanOrEqual(0);
  });
});

test.each<[string, Vector3]>([
  ['among them', [0.1, 0.2, 0]],
  ['beside one heap', [0.9, 0.4, -0.6]],
  ['far away', [40, 10, -30]],
])('emitters are drawn as often as is claimed, by a point %s', async (_name, point) => {
  const draws = 131_072;
  const scene = lampsAlone(60);
  const { chances: claimed } = await probe('claim', scene, [point], scene.triangleCount);
  const { counts, chances: used } = await probe('draw', scene, [point], draws);
  let [value, degrees] = [0, -1];
  claimed.forEach((chance, emitter) => {
    const [count = 0, own = 0] = [counts[emitter], used[emitter]];
    // An emitter that turns its back on the point is drawn only where nothing else is near it.
    if (count > 0) expect(Math.abs(own / chance - 1)).toBeLessThan(1e-5);
    if (chance * draws < 10) return;
    value += (count - chance * draws) ** 2 / (chance * draws);
    degrees += 1;
  });
  expect(degrees).toBeGreaterThan(8);
  expect(value).toBeLessThan(degrees + 4 * Math.sqrt(2 * degrees));
});

test('emitters chosen by power, chosen from a tree and only met give the same picture', async () => {
  const scene = lampField(48);
  const table = await estimate(scene, { samples: 256, emitterChoice: 'table' });
  const tree = await estimate(scene, { samples: 256, emitterChoice: 'tree' });
  expect(deviations(table, tree)).toBeLessThan(3);
  // A point light is never met.
  const dark = { ...scene, punctualLights: [] };
  expect(
    deviations(
      await estimate(dark, { samples: 256, emitterChoice: 'tree' }),
      await estimate(dark, { samples: 256, lights: [] }),
    ),
  ).toBeLessThan(3);
  expect(tree.error).toBeLessThan(table.error);
}, 240_000);

test('a picture under a tree of lights has the same bytes in tiles, in batches and in waves', async () => {
  const settings = { widthPixels: 24, heightPixels: 16, seed: 4, maxBounces: 3 };
  const whole = { x0: 0, y0: 0, x1: 24, y1: 16 };
  const open = async (options: SceneRendererOptions) =>
    createSceneRenderer(await getTestDevice(), lampField(48), settings, { ...options, emitterChoice: 'tree' });
  const [tile, waves] = [await open({ driver: 'tile' }), await open({ driver: 'wavefront' })];
  const sums = await tile.renderTile(whole, 0, 6);
  expect(await waves.renderTile(whole, 0, 6)).toEqual(sums);
  const [first, second] = [await tile.renderTile(whole, 0, 4), await waves.renderTile(whole, 4, 2)];
  // Sums of colours are exact; those of squares are not.
  const both = first.map((value, index) => value + (second[index] as number));
  expect(both.filter(isColor)).toEqual(sums.filter(isColor));
  const half = await waves.renderTile({ ...whole, x0: 7 }, 0, 6);
  expect(half.subarray(0, 17 * 4)).toEqual(sums.subarray(7 * 4, 24 * 4));
  for (const renderer of [tile, waves]) renderer.destroy();
}, 240_000);
