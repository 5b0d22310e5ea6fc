import { errorText } from '../../../protocol/errors.ts';
import code from '../../../shaders/llm/integer-dot.wgsl?raw';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../gpu/buffers.ts';
import type { VectorVariant } from '../../messages.ts';
import { LlmError } from '../llm-error.ts';
import { createBindGroup, pipelineCacheOf } from './kernel.ts';

export const VECTOR_VARIANTS: readonly VectorVariant[] = ['f32', 'int8'];

const PAIRS = 256;

/** What the kernel for a few tokens takes of it, rounded up to what adapters have. */
const WORKGROUP_BYTES = 32_768;

const checked = new WeakMap<GPUDevice, Promise<string | null>>();

/**
 * Multiplies known bytes on a device, once for each: the WGSL feature packed_4x8_integer_dot_product may be missing, or wrong.
 *
 * @throws LlmError ADAPTER_LIMIT where int8 vectors cannot be had.
 */
export async function checkIntegerDot(device: GPUDevice): Promise<void> {
  let known = checked.get(device);
  if (known === undefined) checked.set(device, (known = findFault(device)));
  const fault = await known;
  if (fault === null) return;
  throw new LlmError('ADAPTER_LIMIT', `vectors is int8, but ${fault}; f32 works everywhere`, {
    data: { field: 'vectors', value: 'int8' },
  });
}

/** Null when every product is right. */
async function findFault(device: GPUDevice): Promise<string | null> {
  const { maxComputeWorkgroupStorageSize } = device.limits;
  if (maxComputeWorkgroupStorageSize < WORKGROUP_BYTES) {
    return `workgroup memory is ${maxComputeWorkgroupStorageSize} bytes of the ${WORKGROUP_BYTES} that it takes`;
  }
  // Every byte once in each place, the extremes among them; an odd factor walks through all of them.
  const bytes = Int8Array.from({ length: PAIRS * 8 }, (_, index) => index * 37 + (index >> 8) * 91);
  bytes.set([-128, -128, -128, -128, -128, -128, -128, -128, 127, 127, 127, 127, -128, -128, -128, -128]);
  try {
    const pipeline = await pipelineCacheOf(device).get({ label: 'llm.check.integer-dot', code });
    const pairs = uploadStorageBuffer(device, 'llm.check.pairs', bytes);
    const results = createStorageBuffer(device, 'llm.check.results', PAIRS * 8);
    try {
      const encoder = device.createCommandEncoder({ label: 'llm.check' });
      const pass = encoder.beginComputePass({ label: 'llm.check' });
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, createBindGroup(device, 'llm.check', pipeline, [pairs, results]));
      pass.dispatchWorkgroups(PAIRS / 64);
      pass.end();
      device.queue.submit([encoder.finish()]);
      return findWrong(bytes, new Int32Array(await readBuffer(device, results, PAIRS * 8)));
    } finally {
      pairs.destroy();
      results.destroy();
    }
  } catch (error) {
    return `integer dot products do not run here: ${errorText(error)}`;
  }
}

function findWrong(bytes: Int8Array, found: Int32Array): string | null {
  const words = new Int32Array(bytes.buffer);
  for (let pair = 0; pair < PAIRS; pair++) {
    const place = pair * 8;
    const sum = [0, 1, 2, 3].reduce((total, i) => total + (bytes[place + i] ?? 0) * (bytes[place + 4 + i] ?? 0), 0);
    if (found[pair * 2] !== sum)
      return `the adapter's dot product of packed bytes is ${found[pair * 2]} and not ${sum}`;
    if (found[pair * 2 + 1] !== words[pair * 2]) return `the adapter packs bytes into ${found[pair * 2 + 1]}`;
  }
  return null;
}
