import { createStorageBuffer, uploadStorageBuffer } from '../gpu/buffers.ts';
import type { Candidate, TuningQuestion } from '../gpu/autotune/candidate.ts';
import { tunerOf } from '../gpu/autotune/tuner.ts';
import { buildBvh } from './bvh/build-bvh.ts';
import type { BvhLayout } from './bvh/layout.ts';
import { layouts } from './bvh/layouts.ts';
import { createTraceRaysKernel, traceRaysShader } from './kernels/trace-rays.ts';
import { createSceneBuffers, packScene } from './scene-buffers.ts';
import type { Scene } from './scene/scene.ts';

const triangleCount = 6_000;
const rayCount = 16_384;

/**
 * The tree layout that traces a batch of rays fastest on this adapter, measured once and remembered where the device has a
 * measuring tuner (docs/adr/0029), else the default. All give the same pictures to the last bit.
 */
export async function chooseLayout(device: GPUDevice): Promise<BvhLayout> {
  return layoutOf(await tunerOf(device).choose(questionFor(device))) ?? layouts[0];
}

/** The same where nothing has to be measured for it. */
export function recallLayout(device: GPUDevice): BvhLayout | undefined {
  return layoutOf(tunerOf(device).recall(questionFor(device)));
}

function layoutOf(choice: string | undefined): BvhLayout | undefined {
  return layouts.find(({ name }) => name === choice);
}

function questionFor(device: GPUDevice): TuningQuestion {
  const [first, ...others] = layouts;
  return {
    family: 'render.tree',
    shapeClass: `${rayCount} rays, ${triangleCount} triangles`,
    shaderCode: layouts.map(traceRaysShader).join('\n'),
    agreement: 'bytes',
    candidates: [candidateOf(device, first), ...others.map((layout) => candidateOf(device, layout))],
  };
}

function candidateOf(device: GPUDevice, layout: BvhLayout): Candidate {
  return {
    name: layout.name,
    async prepare() {
      const scene = litter();
      const settings = { widthPixels: 1, heightPixels: 1, seed: 0, maxBounces: 0 };
      const tree = buildBvh(scene.positions, scene.triangleCount);
      const buffers = createSceneBuffers(device, packScene(scene, tree, layout, [], settings));
      const rays = uploadStorageBuffer(device, 'render.tree.rays', raysThrough());
      const output = createStorageBuffer(device, 'render.tree.answers', rayCount * 16);
      const kernel = await createTraceRaysKernel(device, { scene: buffers, layout, rays, answers: output });
      return {
        run: (pass) => kernel.record(pass, rayCount),
        output,
        outputBytes: rayCount * 16,
        destroy() {
          for (const buffer of [rays, output, buffers]) buffer.destroy();
        },
      };
    },
  };
}

/** Numbers in 0..1 that are the same everywhere. */
function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) / 2 ** 24;
  };
}

/** Small triangles, denser towards the middle of a cube from -1 to 1. */
function litter(): Scene {
  const next = sequence(1);
  const positions = new Float32Array(triangleCount * 9);
  for (let triangle = 0; triangle < triangleCount; triangle += 1) {
    for (let axis = 0; axis < 3; axis += 1) {
      const center = (next() + next() - 1) * 0.9;
      for (let corner = 0; corner < 3; corner += 1)
        positions[triangle * 9 + corner * 3 + axis] = center + (next() - 0.5) * 0.1;
    }
  }
  return {
    triangleCount,
    positions,
    normals: new Float32Array(triangleCount * 9),
    materialIndices: new Uint32Array(triangleCount),
    materials: [
      { name: 'litter', baseColor: [1, 1, 1], metallic: 0, roughness: 1, emission: [0, 0, 0], doubleSided: true },
    ],
    camera: { origin: [0, 0, 0], right: [1, 0, 0], up: [0, 1, 0], forward: [0, 0, -1], verticalFieldOfViewRadians: 1 },
    punctualLights: [],
    background: [0, 0, 0],
    boundingBox: { minimum: [-1, -1, -1], maximum: [1, 1, 1] },
    meshCount: 1,
    nodeCount: 1,
  };
}

/** By turns a ray that asks for the nearest hit and one that asks whether the way to a point is free. */
function raysThrough(): Float32Array<ArrayBuffer> {
  const next = sequence(2);
  const rays = new Float32Array(rayCount * 8);
  for (let ray = 0; ray < rayCount; ray += 1) {
    const from = [next(), next(), next()].map((value) => value * 2 - 1);
    const way = from.map((value) => next() * 2 - 1 - value);
    const length = Math.sqrt(way.reduce((sum, value) => sum + value * value, 0)) || 1;
    rays.set([...from, ray % 2 === 0 ? 0 : length, ...way.map((value) => value / length)], ray * 8);
  }
  return rays;
}
