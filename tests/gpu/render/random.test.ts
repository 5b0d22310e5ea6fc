import { expect, test } from 'vitest';
import { createStorageBuffer, readBuffer } from '../../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { random } from '../../../worker/render/library/random.ts';
import { assembleShader } from '../../../worker/render/library/shader-fragment.ts';
import { referenceRandomBits } from '../reference/random.ts';
import { getTestDevice } from '../test-device.ts';

const code = `
@group(0) @binding(0) var<storage, read_write> bits: array<u32>;
@group(0) @binding(1) var<storage, read_write> units: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
  let key = sample_key(4000000007u, id.x & 1023u, id.x >> 10u);
  bits[id.x] = random_bits(key, id.x % 97u);
  units[id.x] = random_unit(key, id.x % 97u);
}`;

test('random numbers are the same on the GPU as in 32-bit integer arithmetic, and spread evenly', async () => {
  const count = 65_536;
  const device = await getTestDevice();
  const pipeline = await createComputePipeline(device, {
    label: 'test.random',
    code: assembleShader({ name: 'test', code, requires: [random] }),
  });
  const buffers = ['bits', 'units'].map((name) => createStorageBuffer(device, `test.${name}`, count * 4));
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
  const bits = new Uint32Array(await readBuffer(device, buffers[0] as GPUBuffer, count * 4));
  const units = new Float32Array(await readBuffer(device, buffers[1] as GPUBuffer, count * 4));
  for (const buffer of buffers) buffer.destroy();

  const expected = Uint32Array.from({ length: count }, (_, index) =>
    referenceRandomBits(4000000007, index & 1023, index >> 10, index % 97),
  );
  expect(bits).toEqual(expected);
  expect(units).toEqual(Float32Array.from(expected, (value) => (value >>> 8) / 2 ** 24));
  const bins = Array.from({ length: 256 }, () => 0);
  for (const value of units) bins[Math.floor(value * 256)] = (bins[Math.floor(value * 256)] as number) + 1;
  const chiSquare = bins.reduce((sum, found) => sum + (found - 256) ** 2 / 256, 0);
  // 255 degrees of freedom: mean 255, deviation 22.6.
  expect(Math.abs(chiSquare - 255)).toBeLessThan(4 * 22.6);
});
