import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { override } from '../../../worker/gpu/profile/override.ts';
import { CACHE_FORMATS, type CacheFormat } from '../../../worker/llm/cache/cache-format.ts';
import {
  attentionBytesRead,
  attentionPartsBytes,
  createAttentionDecode,
} from '../../../worker/llm/kernels/attention-decode.ts';
import { PipelineCache } from '../../../worker/llm/kernels/kernel.ts';
import { createRandom } from '../../fixtures/llm/random.ts';
import { KernelBench } from './kernel-bench.ts';
import { PagedCache } from './paged-cache.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

const counterBinding = 10;

/** The cache of halves with every read of a vector counted, in bytes, as the shader does it. */
const counting: CacheFormat = {
  ...CACHE_FORMATS.f16,
  code: CACHE_FORMATS.f16.code
    .replace(
      'fn cacheVector',
      `@group(0) @binding(${counterBinding}) var<storage, read_write> readBytes: atomic<u32>;\nfn cacheVector`,
    )
    .replace('let word =', 'atomicAdd(&readBytes, 8u);\n  let word ='),
};

/** Binds the counter to every kernel but the one that adds parts up, which reads no cache. */
function withCounter(device: GPUDevice, counter: GPUBuffer): GPUDevice {
  return override(device, {
    createBindGroup(descriptor) {
      if (descriptor.label?.endsWith('.merge') === true) return device.createBindGroup(descriptor);
      const entries = [...descriptor.entries, { binding: counterBinding, resource: { buffer: counter } }];
      return device.createBindGroup({ ...descriptor, entries });
    },
  });
}

it.each([
  { headCount: 4, keyValueHeadCount: 4, headLength: 64 },
  { headCount: 6, keyValueHeadCount: 2, headLength: 64 },
  { headCount: 8, keyValueHeadCount: 1, headLength: 128 },
  { headCount: 16, keyValueHeadCount: 1, headLength: 64 },
])('a token behind 16384 positions reads each key and value once: %o', async (shape) => {
  const length = 16_384;
  const heads = { ...shape, headStride: shape.headLength };
  const cache = new PagedCache(bench, createRandom(1), {
    heads,
    format: counting,
    lengths: [length],
    rows: [[0, length - 1]],
  });
  const counter = bench.empty('counter', 4);
  const outputStride = shape.headCount * shape.headLength;
  const output = bench.empty('output', outputStride);
  const kernel = await createAttentionDecode(new PipelineCache(withCounter(bench.device, counter)), {
    heads,
    format: counting,
    table: cache.table,
    batch: bench.uniform([1]),
    ropePairs: 0,
    projected: bench.empty('projected', 3 * outputStride),
    angles: bench.empty('angles', 2),
    keys: cache.empty('keys'),
    values: cache.empty('values'),
    output,
    outputStride,
    parts: bench.empty('parts', attentionPartsBytes(heads, length, 1) / 4),
  });
  await bench.run(kernel, 1, output, 1);
  const [readBytes] = new Uint32Array((await bench.read(counter, 1)).buffer);
  kernel.destroy();
  expect(readBytes).toBe(2 * length * shape.keyValueHeadCount * shape.headLength * 2);
  // What profiles and counters report is what was counted.
  expect(attentionBytesRead(heads, counting, length)).toBe(readBytes);
});
