import { describe, expect, test } from 'vitest';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { buildBvh } from '../../../worker/render/bvh/build-bvh.ts';
import type { BvhLayout } from '../../../worker/render/bvh/layout.ts';
import { layouts } from '../../../worker/render/bvh/layouts.ts';
import { createTraceRaysKernel } from '../../../worker/render/kernels/trace-rays.ts';
import {
  type StorageKind,
  firstFurtherBinding,
  sceneData,
  splitSceneData,
  storageKinds,
} from '../../../worker/render/library/scene-data.ts';
import { assembleShader } from '../../../worker/render/library/shader-fragment.ts';
import { createSceneBuffers, packScene } from '../../../worker/render/scene-buffers.ts';
import { type SceneRendererOptions, createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import type { Scene } from '../../../worker/render/scene/scene.ts';
import { SceneError } from '../../../worker/render/scene/scene-error.ts';
import { type BindingLimits, planSplit } from '../../../worker/render/storage-split.ts';
import { getTestDevice } from '../test-device.ts';
import { facetedSphere, sceneOf, seededRandom, white } from './scene-fixtures.ts';

const settings = { widthPixels: 24, heightPixels: 16, seed: 5, maxBounces: 3 };

function planFor(sizes: Partial<Record<StorageKind, number>>, limits: BindingLimits): string {
  try {
    planSplit({ nodes: 0, triangles: 0, corners: 0, lights: 0, texels: 0, ...sizes }, limits);
  } catch (error) {
    expect(error).toBeInstanceOf(SceneError);
    return (error as SceneError).message;
  }
  return 'planned';
}

describe('a scene is refused with the numbers when a shader cannot bind it', () => {
  test.each([
    [
      'twice as large as a binding, on an adapter with none to spare',
      { corners: 1984 },
      { bindingBytes: 1024, storageBuffers: 8 },
      "the scene's 1984 bytes of GPU memory need 9 buffers of at most 1024 bytes; a shader binds at most 8 here",
    ],
    [
      'a hundred times as large',
      { triangles: 48 * 100, nodes: 64 },
      { bindingBytes: 64, storageBuffers: 16 },
      "the scene's 4864 bytes of GPU memory need 107 buffers of at most 64 bytes; a shader binds at most 16 here",
    ],
    ['just as large as the bindings', { corners: 4096 }, { bindingBytes: 1024, storageBuffers: 11 }, 'planned'],
  ])('%s', (_name, sizes, limits, expected) => {
    expect(planFor(sizes, limits)).toBe(expected);
  });
});

/** Three balls that shine. */
function balls(): Scene {
  const triangles = [-1.5, 0, 1.5].flatMap((x) =>
    facetedSphere(0.7, 7, 0).map(({ corners, material }) => ({
      corners: corners.map(([a, b, c]) => [a + x, b, c] as const) as unknown as typeof corners,
      material,
    })),
  );
  const material = { ...white, emission: [1, 2, 3] as const };
  return sceneOf(triangles, { materials: [material], background: [0.2, 0.3, 0.4] });
}

/** A word of each kind's elements: what it is called and where it lies. */
const probes: Readonly<Record<StorageKind, readonly [string, number]>> = {
  nodes: ['.w', 3],
  triangles: ['.id', 3],
  corners: ['.a_u', 3],
  lights: ['.alias_index', 1],
  texels: ['', 0],
};

test.each([
  ['one buffer each', 1 << 20],
  ['two of each', 64 * 9],
  ['five of each', 64 * 3],
])('every element is read from where it lies, in %s', async (_name, bindingBytes) => {
  const device = await getTestDevice();
  for (const [kind, { binding, accessor, elementBytes }] of Object.entries(storageKinds)) {
    // As many bytes of every kind, each word another number; no element goes over the end of a buffer.
    const count = Math.floor((64 * 14) / elementBytes);
    const words = Uint32Array.from({ length: (count * elementBytes) / 4 }, (_, index) => index + 1);
    const sizes = { nodes: 4, triangles: 4, corners: 4, lights: 4, texels: 4, [kind]: words.byteLength };
    const split = planSplit(sizes, { bindingBytes, storageBuffers: 99 });
    const { elementsPerPart, parts } = split[kind as StorageKind];
    const [field, place] = probes[kind as StorageKind];
    const code = `@group(1) @binding(0) var<storage, read_write> answers: array<u32>;
      @compute @workgroup_size(1) fn main() {
        for (var i = 0u; i < ${count}u; i++) { answers[i] = bitcast<u32>(${accessor}(i)${field}); }
      }`;
    const further = splitSceneData(split);
    const main = { name: 'test', code, requires: [sceneData] };
    const shader = assembleShader(main, new Map(further === undefined ? [] : [[sceneData, further]]));
    const pipeline = await createComputePipeline(device, { label: 'test', code: shader, entryPoint: 'main' });
    const answers = createStorageBuffer(device, 'test.answers', count * 4);
    const partBytes = elementsPerPart * elementBytes;
    const entries = Array.from({ length: parts }, (_, part) => {
      const own = new Uint8Array(words.buffer).subarray(part * partBytes, (part + 1) * partBytes);
      const at = part === 0 ? binding : firstFurtherBinding + part - 1;
      return { binding: at, resource: { buffer: uploadStorageBuffer(device, 'test.part', own) } };
    });
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
    const own = [{ binding: 0, resource: { buffer: answers } }];
    pass.setBindGroup(1, device.createBindGroup({ layout: pipeline.getBindGroupLayout(1), entries: own }));
    pass.dispatchWorkgroups(1);
    pass.end();
    device.queue.submit([encoder.finish()]);
    const found = new Uint32Array(await readBuffer(device, answers, count * 4));
    expect([kind, ...found]).toEqual([
      kind,
      ...Array.from({ length: count }, (_, index) => words[(index * elementBytes) / 4 + place]),
    ]);
  }
});

async function trace(scene: Scene, layout: BvhLayout, limits?: BindingLimits): Promise<Uint8Array> {
  const device = await getTestDevice();
  const random = seededRandom(4);
  const rayCount = 500;
  const rays = Float32Array.from(
    { length: rayCount * 8 },
    (_, index) => [0, 0, 3, 0, 0, 0, -1, 0][index & 7] as number,
  );
  for (let ray = 0; ray < rayCount; ray += 1) rays.set([random() * 4 - 2, random() * 2 - 1], ray * 8);
  const packed = packScene(scene, buildBvh(scene.positions, scene.triangleCount), layout, [], settings);
  const buffers = createSceneBuffers(device, packed, limits);
  const rayBuffer = uploadStorageBuffer(device, 'test.rays', rays);
  const answers = createStorageBuffer(device, 'test.answers', rayCount * 16);
  const kernel = await createTraceRaysKernel(device, { scene: buffers, layout, rays: rayBuffer, answers });
  const encoder = device.createCommandEncoder();
  kernel.run(encoder, rayCount);
  device.queue.submit([encoder.finish()]);
  const bytes = new Uint8Array(await readBuffer(device, answers, rayCount * 16));
  for (const buffer of [rayBuffer, answers, buffers]) buffer.destroy();
  return bytes;
}

test.each(layouts.map((layout) => [layout.name, layout] as const))(
  'rays find the same in a tree of the layout %s whose nodes and triangles lie in several buffers',
  async (_name, layout) => {
    const scene = balls();
    // Two buffers or three each for nodes, triangles and corners.
    const limits = { bindingBytes: scene.triangleCount * 24, storageBuffers: 12 };
    expect(Buffer.compare(await trace(scene, layout, limits), await trace(scene, layout))).toBe(0);
  },
);

test.each<[string, SceneRendererOptions, number]>([
  // Two buffers each for triangles, corners and lights.
  ['a thread for each pixel', { driver: 'tile', emitterChoice: 'table' }, 33],
  // Two for corners and three for the tree of lights: waves bind buffers of their own.
  ['waves', { driver: 'wavefront', emitterChoice: 'tree' }, 49],
])(
  'a scene in several buffers renders the same sums with %s, to the last bit',
  async (_name, options, bytesPerTriangle) => {
    const scene = balls();
    const bindingLimits = { bindingBytes: scene.triangleCount * bytesPerTriangle, storageBuffers: 12 };
    const [whole, split] = [await render(scene, options), await render(scene, { ...options, bindingLimits })];
    expect(Math.max(...whole)).toBeGreaterThan(0);
    expect(split).toEqual(whole);
  },
  180_000,
);

async function render(scene: Scene, options: SceneRendererOptions): Promise<Float32Array> {
  const renderer = await createSceneRenderer(await getTestDevice(), scene, settings, options);
  const sums = await renderer.renderTile({ x0: 0, y0: 0, x1: 24, y1: 16 }, 0, 4);
  renderer.destroy();
  return sums;
}
