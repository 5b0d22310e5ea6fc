import { expect, test } from 'vitest';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { random } from '../../../worker/render/library/random.ts';
import { assembleShader } from '../../../worker/render/library/shader-fragment.ts';
import { surface } from '../../../worker/render/library/surface.ts';
import { specularAlbedoTable } from '../../../worker/render/specular-albedo.ts';
import { getTestDevice } from '../test-device.ts';

const bands = 16;
const sectors = 8;
const bins = bands * sectors;
const draws = 262_144;
const pointsPerBin = 4096;

/** Bins of equal solid angle: bands of z, each in eighths of a turn. */
const code = `
struct Case {
  base_color: vec3f,
  metallic: f32,
  wo: vec3f,
  roughness: f32,
  transmission: f32,
  clearcoat: f32,
  clearcoat_roughness: f32,
}
@group(1) @binding(0) var<uniform> subject: Case;
@group(1) @binding(1) var<storage, read_write> counts: array<atomic<u32>>;
@group(1) @binding(2) var<storage, read_write> densities: array<f32>;

fn subject_surface() -> Surface {
  var material: Material;
  material.base_color = subject.base_color;
  material.metallic = subject.metallic;
  material.roughness = subject.roughness;
  material.dielectric = vec3f(0.04);
  material.grazing = 1.0;
  material.transmission = subject.transmission;
  material.clearcoat = subject.clearcoat;
  material.clearcoat_roughness = subject.clearcoat_roughness;
  return make_surface(material, vec3f(0.0, 0.0, 1.0), vec3f(0.0, 0.0, 1.0), subject.wo);
}

@compute @workgroup_size(64) fn draw(@builtin(global_invocation_id) id: vec3u) {
  let key = sample_key(17u, id.x, 0u);
  let surface = subject_surface();
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
  densities[id.x] = evaluate_surface(subject_surface(), vec3f(flat_part, z)).density;
}`;

interface Subject {
  readonly color: number;
  readonly metallic: number;
  readonly roughness: number;
  readonly cosine: number;
  readonly transmission?: number;
  readonly clearcoat?: readonly [number, number];
}

async function chiSquare(subject: Subject): Promise<{ value: number; degrees: number; lost: number }> {
  const device = await getTestDevice();
  const shader = assembleShader({ name: 'test', code, requires: [random, surface] });
  const pipelines = await Promise.all(
    ['draw', 'integrate'].map((entryPoint) =>
      createComputePipeline(device, { label: `test.${entryPoint}`, code: shader, entryPoint }),
    ),
  );
  const { color, metallic, roughness, cosine, transmission = 0, clearcoat = [0, 0] } = subject;
  const sine = Math.sqrt(1 - cosine * cosine);
  const uniform = createStorageBuffer(device, 'test.subject', 48, 0x40);
  const view = [sine * 0.8, sine * 0.6, cosine];
  device.queue.writeBuffer(
    uniform,
    0,
    Float32Array.of(color, color, color, metallic, ...view, roughness, transmission, ...clearcoat, 0),
  );
  const table = uploadStorageBuffer(device, 'test.albedo', specularAlbedoTable());
  const counts = createStorageBuffer(device, 'test.counts', (bins + 1) * 4);
  const densities = createStorageBuffer(device, 'test.densities', bins * pointsPerBin * 4);
  const encoder = device.createCommandEncoder();
  pipelines.forEach((pipeline, index) => {
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(
      0,
      device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: [{ binding: 6, resource: { buffer: table } }],
      }),
    );
    const own = [
      { binding: 0, resource: { buffer: uniform } },
      { binding: index + 1, resource: { buffer: index === 0 ? counts : densities } },
    ];
    pass.setBindGroup(1, device.createBindGroup({ layout: pipeline.getBindGroupLayout(1), entries: own }));
    pass.dispatchWorkgroups((index === 0 ? draws : bins * pointsPerBin) / 64);
    pass.end();
  });
  device.queue.submit([encoder.finish()]);
  const found = new Uint32Array(await readBuffer(device, counts, (bins + 1) * 4));
  const values = new Float32Array(await readBuffer(device, densities, bins * pointsPerBin * 4));
  for (const buffer of [uniform, table, counts, densities]) buffer.destroy();

  let [value, degrees, inside] = [0, 0, 0];
  for (let bin = 0; bin < bins; bin += 1) {
    const sum = values
      .subarray(bin * pointsPerBin, (bin + 1) * pointsPerBin)
      .reduce((total, density) => total + density, 0);
    const share = ((sum / pointsPerBin) * 4 * Math.PI) / bins;
    inside += share;
    const expected = share * draws;
    if (expected < 20) continue;
    value += ((found[bin] as number) - expected) ** 2 / expected;
    degrees += 1;
  }
  return { value, degrees, lost: (found[bins] as number) / draws + inside };
}

test.each<[string, Subject]>([
  ['matt', { color: 0.8, metallic: 0, roughness: 1, cosine: 0.9 }],
  ['glossy, at a slant', { color: 0.5, metallic: 0, roughness: 0.5, cosine: 0.4 }],
  ['metal', { color: 0.9, metallic: 1, roughness: 0.6, cosine: 0.7 }],
  ['rough metal, nearly edge on', { color: 0.9, metallic: 1, roughness: 1, cosine: 0.15 }],
  ['frosted glass', { color: 0.9, metallic: 0, roughness: 0.6, cosine: 0.6, transmission: 0.7 }],
  ['lacquer on metal', { color: 0.7, metallic: 1, roughness: 0.8, cosine: 0.5, clearcoat: [1, 0.5] }],
])(
  'directions are drawn with the density that is claimed for them: %s',
  async (_name, subject) => {
    const { value, degrees, lost } = await chiSquare(subject);
    // What is not drawn inside the bins was drawn below the horizon and thrown away; together they are everything.
    expect(lost).toBeCloseTo(1, 2);
    expect(degrees).toBeGreaterThan(20);
    expect(value).toBeLessThan(degrees + 5 * Math.sqrt(2 * degrees));
  },
  120_000,
);
