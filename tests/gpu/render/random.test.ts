import { expect, test } from 'vitest';
import { createStorageBuffer, readBuffer } from '../../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { random } from '../../../worker/render/library/random.ts';
import { assembleShader } from '../../../worker/render/library/shader-fragment.ts';
import { referenceRandomPair } from '../reference/random.ts';
import { getTestDevice } from '../test-device.ts';

const seed = 4_000_000_007;
const samples = 64;
const code = `
@group(0) @binding(0) var<storage, read_write> bits: array<vec2u>;
@group(0) @binding(1) var<storage, read_write> units: array<vec2f>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let key = sample_key(${seed}u, id.x >> 6u, id.x & 63u);
  bits[id.x] = random_pair_bits(key, 2u * ((id.x >> 6u) % 97u));
  units[id.x] = random_pair(key, 2u * ((id.x >> 6u) % 97u));
}`;

async function draw(count: number): Promise<{ bits: Uint32Array; units: Float32Array }> {
  const device = await getTestDevice();
  const pipeline = await createComputePipeline(device, {
    label: 'test.random',
    code: assembleShader({ name: 'test', code, requires: [random] }),
  });
  const buffers = ['bits', 'units'].map((name) => createStorageBuffer(device, `test.${name}`, count * 8));
  const group = device.createBindGroup({
    layout: pipeline.getBindGroupLayout(0),
    entries: buffers.map((buffer, binding) => ({ binding, resource: { buffer } })),
  });
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, group);
  pass.dispatchWorkgroups(count / 64);
  pass.end();
  device.queue.submit([encoder.finish()]);
  const bits = new Uint32Array(await readBuffer(device, buffers[0] as GPUBuffer, count * 8));
  const units = new Float32Array(await readBuffer(device, buffers[1] as GPUBuffer, count * 8));
  for (const buffer of buffers) buffer.destroy();
  return { bits, units };
}

test('sample points on the GPU are Sobol points, shuffled and scrambled, as computed by definition', async () => {
  const count = 16_384;
  const { bits, units } = await draw(count);
  const expected = Uint32Array.from(
    Array.from({ length: count }, (_, index) =>
      referenceRandomPair(seed, index >> 6, index & 63, 2 * ((index >> 6) % 97)),
    ).flat(),
  );
  expect(bits).toEqual(expected);
  expect(units).toEqual(Float32Array.from(expected, (value) => (value >>> 8) / 2 ** 24));
});

test('they spread evenly over pixels, and the 64 of a pixel hit each cell of every 64-cell grid once', async () => {
  const count = 65_536;
  const { units } = await draw(count);
  const bins = Array.from({ length: 256 }, () => 0);
  for (let index = 0; index < count; index += samples) {
    // The first sample of each pixel: independent between pixels.
    const cell = Math.floor((units[index * 2] as number) * 16) * 16 + Math.floor((units[index * 2 + 1] as number) * 16);
    bins[cell] = (bins[cell] as number) + 1;
    for (let bitsAcross = 0; bitsAcross <= 6; bitsAcross += 1) {
      const [columns, rows] = [2 ** bitsAcross, 2 ** (6 - bitsAcross)];
      const cells = new Set<number>();
      for (let sample = index; sample < index + samples; sample += 1) {
        const [x, y] = [units[sample * 2] as number, units[sample * 2 + 1] as number];
        cells.add(Math.floor(x * columns) * rows + Math.floor(y * rows));
      }
      if (cells.size !== samples)
        throw new Error(`pixel ${index / samples}: ${cells.size} cells of ${columns} x ${rows}`);
    }
  }
  const chiSquare = bins.reduce((sum, found) => sum + (found - 4) ** 2 / 4, 0);
  // 255 degrees of freedom: mean 255, deviation 22.6.
  expect(Math.abs(chiSquare - 255)).toBeLessThan(4 * 22.6);
});
