import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import decodeHalf from '../../../shaders/llm/decode-half.wgsl?raw';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { createEmbed } from '../../../worker/llm/kernels/embed.ts';
import { createBindGroup } from '../../../worker/llm/kernels/kernel.ts';
import { halfToNumber } from '../../../worker/llm/model/tensor-upload.ts';
import { createRandom, pick } from '../../fixtures/llm/random.ts';
import { readHalf, type GgmlTypeName } from '../reference/dequantise.ts';
import { KernelBench, pad32 } from './kernel-bench.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

it('decodes every finite binary16 exactly, subnormals included, on the GPU and on the host', async () => {
  const code = `${decodeHalf}
    @group(0) @binding(0) var<storage, read_write> values: array<f32>;
    @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
      values[id.x] = decodeHalf(id.x);
    }`;
  const pipeline = await createComputePipeline(bench.device, { label: 'test.decode-half', code });
  const values = bench.empty('values', 65_536);
  const encoder = bench.device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, createBindGroup(bench.device, 'test', pipeline, [values]));
  pass.dispatchWorkgroups(1024);
  pass.end();
  bench.device.queue.submit([encoder.finish()]);
  const found = await bench.read(values, 65_536);
  const view = new DataView(new ArrayBuffer(2));
  const wrong: string[] = [];
  for (let bits = 0; bits < 65_536; bits++) {
    if (((bits >> 10) & 31) === 31) continue;
    view.setUint16(0, bits, true);
    const expected = readHalf(view, 0);
    if (found[bits] !== expected || halfToNumber(bits) !== expected) wrong.push(`${bits.toString(16)}: ${found[bits]}`);
  }
  expect(wrong).toEqual([]);
});

describe('an embedding row', () => {
  it.each([
    { type: 'F32', columns: 45, rows: 7, sliceRows: 3 },
    { type: 'F16', columns: 33, rows: 11, sliceRows: 11 },
    { type: 'Q8_0', columns: 96, rows: 13, sliceRows: 5 },
    { type: 'Q4_0', columns: 2080, rows: 5, sliceRows: 2 },
    { type: 'BF16', columns: 33, rows: 11, sliceRows: 5 },
    { type: 'Q4_1', columns: 96, rows: 13, sliceRows: 5 },
    { type: 'Q5_0', columns: 96, rows: 13, sliceRows: 5 },
    { type: 'Q5_1', columns: 96, rows: 13, sliceRows: 5 },
    { type: 'Q2_K', columns: 512, rows: 7, sliceRows: 3 },
    { type: 'Q3_K', columns: 512, rows: 7, sliceRows: 3 },
    { type: 'Q4_K', columns: 512, rows: 7, sliceRows: 3 },
    { type: 'Q5_K', columns: 512, rows: 7, sliceRows: 3 },
    { type: 'Q6_K', columns: 512, rows: 7, sliceRows: 3 },
  ] as const satisfies readonly { type: GgmlTypeName; columns: number; rows: number; sliceRows: number }[])(
    'is the dequantised row of its token, from whichever slice holds it: $type',
    async (shape) => {
      const random = createRandom(shape.columns);
      const { matrix, values } = await bench.matrix(random, shape.type, shape);
      const position = 2;
      const count = 6;
      const capacity = position + count + 1;
      const tokens = Array.from({ length: 2 * capacity }, () => pick(random, shape.rows));
      // The second slot.
      const rows = Array.from({ length: count }, (_, t) => [1, position + t]).flat();
      const stride = pad32(shape.columns);
      const hidden = bench.empty('hidden', (count + 1) * stride);
      const kernel = await createEmbed(bench.cache, {
        table: matrix,
        rows: bench.integers('rows', rows),
        capacity,
        tokens: bench.integers('tokens', tokens),
        hidden,
      });
      const found = await bench.run(kernel, count, hidden, (count + 1) * stride);
      const expected = Array.from({ length: (count + 1) * stride }, (_, index) => {
        const row = Math.floor(index / stride);
        const column = index % stride;
        if (row >= count || column >= shape.columns) return 0;
        return Math.fround(values[(tokens[capacity + position + row] ?? 0) * shape.columns + column] ?? NaN);
      });
      // Types with a minimum round once more; all others are exact.
      const largest = Math.max(...expected.map(Math.abs));
      const allowed = ['Q4_1', 'Q5_1', 'Q2_K', 'Q4_K', 'Q5_K'].includes(shape.type) ? largest * 2 ** -22 : 0;
      const wrong = expected.filter((value, index) => !(Math.abs((found[index] ?? NaN) - value) <= allowed));
      expect(wrong).toEqual([]);
      kernel.destroy();
    },
  );
});
