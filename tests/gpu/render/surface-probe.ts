import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { buildBvh } from '../../../worker/render/bvh/build-bvh.ts';
import { bvh2Layout } from '../../../worker/render/bvh/layout-bvh2.ts';
import { random } from '../../../worker/render/library/random.ts';
import { assembleShader } from '../../../worker/render/library/shader-fragment.ts';
import { surface } from '../../../worker/render/library/surface.ts';
import { createSceneBuffers, packScene } from '../../../worker/render/scene-buffers.ts';
import type { Material, Vector3 } from '../../../worker/render/scene/scene.ts';
import { getTestDevice } from '../test-device.ts';
import { quad, sceneOf, white } from './scene-fixtures.ts';

/** A surface in its own frame: z is the normal, `wo` points to the viewer. */
export interface Probe {
  readonly material: Partial<Material>;
  readonly wo: Vector3;
  /** Of the clear coat, when it is not that of the rest. */
  readonly coatNormal?: Vector3;
  /** Seen from inside the body. */
  readonly isInside?: boolean;
}

export const bands = 16;
export const sectors = 8;
export const bins = bands * sectors;
export const pointsPerBin = 4096;

/** Bins of equal solid angle: bands of z, each in eighths of a turn. */
const code = `
struct View { wo: vec3f, is_front: u32, coat_normal: vec3f }
@group(1) @binding(0) var<uniform> view: View;
@group(1) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
@group(1) @binding(2) var<storage, read_write> values: array<vec4f>;
@group(1) @binding(3) var<storage, read> directions: array<vec4f>;

fn subject() -> Surface {
  let up = vec3f(0.0, 0.0, 1.0);
  let frame = Frame(vec3f(1.0, 0.0, 0.0), vec3f(0.0, 1.0, 0.0), up);
  return make_surface(materials[0], frame, view.coat_normal, up, view.wo, view.is_front != 0u);
}

@compute @workgroup_size(64) fn draw(@builtin(global_invocation_id) id: vec3u) {
  let key = sample_key(17u, id.x, 0u);
  let surface = subject();
  let wi = sample_surface(surface, random_pair(key, 0u).x, random_pair(key, 2u));
  if (evaluate_surface(surface, wi).density <= 0.0) {
    atomicAdd(&counts[${bins}u], 1u);
    return;
  }
  let band = min(u32((wi.z * 0.5 + 0.5) * ${bands}.0), ${bands - 1}u);
  let sector = select(0u, 1u, wi.x < 0.0) + select(0u, 2u, wi.y < 0.0) + select(0u, 4u, abs(wi.x) < abs(wi.y));
  atomicAdd(&counts[band * ${sectors}u + sector], 1u);
}

@compute @workgroup_size(64) fn integrate(@builtin(global_invocation_id) id: vec3u) {
  let bin = id.x / ${pointsPerBin}u;
  let point = id.x % ${pointsPerBin}u;
  let place = (vec2f(vec2u(point % 64u, point / 64u)) + vec2f(0.5)) / 64.0;
  let z = (f32(bin / ${sectors}u) + place.x) / ${bands / 2}.0 - 1.0;
  let sector = bin % ${sectors}u;
  let angle = place.y * 0.785398163397448;
  let near = cos(angle) * sqrt(1.0 - z * z);
  let far = sin(angle) * sqrt(1.0 - z * z);
  var flat_part = select(vec2f(near, far), vec2f(far, near), (sector & 4u) != 0u);
  flat_part *= vec2f(select(1.0, -1.0, (sector & 1u) != 0u), select(1.0, -1.0, (sector & 2u) != 0u));
  let found = evaluate_surface(subject(), vec3f(flat_part, z));
  values[id.x] = vec4f(found.value, found.density);
}

@compute @workgroup_size(64) fn evaluate(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < arrayLength(&directions)) {
    let found = evaluate_surface(subject(), directions[id.x].xyz);
    values[id.x] = vec4f(found.value, found.density);
  }
}`;

const ownBindings = { draw: [0, 1], integrate: [0, 2], evaluate: [0, 2, 3] } as const;

/** Runs one of the entry points above on a material as the renderer packs it; returns `counts` or `values`. */
async function runProbe(
  entryPoint: keyof typeof ownBindings,
  probe: Probe,
  threads: number,
  resultBytes: number,
  directions: readonly Vector3[] = [],
): Promise<ArrayBuffer> {
  const device = await getTestDevice();
  const scene = sceneOf(quad([0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0], 0), {
    materials: [{ ...white, ...probe.material }],
  });
  const settings = { widthPixels: 1, heightPixels: 1, seed: 0, maxBounces: 0 };
  const tree = buildBvh(scene.positions, scene.triangleCount);
  const buffers = createSceneBuffers(device, packScene(scene, tree, bvh2Layout, [], settings));
  const pipeline = await createComputePipeline(device, {
    label: `test.${entryPoint}`,
    code: assembleShader({ name: 'probe', code, requires: [random, surface] }),
    entryPoint,
    constants: { ...buffers.variant.features, HAS_COAT_NORMAL: probe.coatNormal === undefined ? 0 : 1 },
  });
  const view = createStorageBuffer(device, 'test.view', 32, 0x40);
  device.queue.writeBuffer(view, 0, Float32Array.of(...probe.wo));
  device.queue.writeBuffer(view, 16, Float32Array.of(...(probe.coatNormal ?? [0, 0, 1])));
  device.queue.writeBuffer(view, 12, Uint32Array.of(probe.isInside === true ? 0 : 1));
  const result = createStorageBuffer(device, 'test.result', resultBytes);
  const packed = Float32Array.from(directions.flatMap((direction) => [...direction, 0]));
  const wanted = uploadStorageBuffer(device, 'test.directions', directions.length === 0 ? new Float32Array(4) : packed);
  const own = [view, result, result, wanted];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  const scenes = buffers.resources.filter(({ binding }) => binding === 4 || binding === 6);
  const owns = ownBindings[entryPoint].map((binding) => ({
    binding,
    resource: { buffer: own[binding] as GPUBuffer },
  }));
  [scenes, owns].forEach((entries, group) =>
    pass.setBindGroup(group, device.createBindGroup({ layout: pipeline.getBindGroupLayout(group), entries })),
  );
  pass.dispatchWorkgroups(Math.ceil(threads / 64));
  pass.end();
  device.queue.submit([encoder.finish()]);
  const bytes = await readBuffer(device, result, resultBytes);
  for (const buffer of [view, result, wanted, buffers]) buffer.destroy();
  return bytes;
}

/** f x |cosine| of R, G, B and the density, for each direction. */
export async function evaluateDirections(probe: Probe, directions: readonly Vector3[]): Promise<Float32Array> {
  return new Float32Array(await runProbe('evaluate', probe, directions.length, directions.length * 16, directions));
}

/** How many of the drawn directions fell into each bin; last those that were lost. */
export async function drawDirections(probe: Probe, draws: number): Promise<Uint32Array> {
  return new Uint32Array(await runProbe('draw', probe, draws, (bins + 1) * 4));
}

/** Means over each bin of f x |cosine| and the density, 4 numbers a bin; times the bin's solid angle they are integrals. */
export async function binMeans(probe: Probe): Promise<Float64Array> {
  const points = bins * pointsPerBin;
  const values = new Float32Array(await runProbe('integrate', probe, points, points * 16));
  const means = new Float64Array(bins * 4);
  values.forEach((value, index) => {
    const place = Math.floor(index / 4 / pointsPerBin) * 4 + (index % 4);
    means[place] = (means[place] as number) + value / pointsPerBin;
  });
  return means;
}
