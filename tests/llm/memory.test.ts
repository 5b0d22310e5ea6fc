import { describe, expect, it, vi } from 'vitest';
import { createMemorySource, type ByteSource } from '../../worker/byte-source.ts';
import { allocationLedgerOf } from '../../worker/gpu/allocation-ledger.ts';
import { estimateMemory, loadModel, type LoadOptions } from '../../worker/llm/index.ts';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../fixtures/llm/gguf-writer.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';
import { getTestDevice } from '../gpu/test-device.ts';
import { embeddedModelBytes } from './embedded-model.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000 });

/** Every architecture and every weight type once, with what makes buffers of its own: biases, head norms, windows, split projections. */
const CHOSEN = [
  'llama F32',
  'llama Q4_K and Q6_K in one file',
  'llama with rope factors',
  'qwen2 Q4_1',
  'qwen2 Q5_0, Q8_0, Q4_1, BF16 and F16 in one file',
  'qwen3 Q3_K',
  'qwen3 Q4_0',
  'gemma2 Q5_1',
  'gemma3 BF16',
  'gemma3 Q5_K',
  'phi3 Q2_K',
  'phi3 Q8_0',
];

function modelBytes(title: string): Uint8Array<ArrayBuffer> {
  const found = ARCHITECTURE_CASES.find((entry) => entry.title === title);
  if (found === undefined) throw new Error(`no case ${title}`);
  return writeGguf(randomArchitecture(found.options).file);
}

/** What a load really takes: [held while it loads, held afterwards, held after unloading], in bytes. */
async function measureLoad(bytes: Uint8Array<ArrayBuffer>, options: LoadOptions): Promise<number[]> {
  const device = await getTestDevice();
  const ledger = allocationLedgerOf(device);
  const before = ledger.counts.liveBytes;
  ledger.resetPeak();
  const model = await loadModel(device, createMemorySource(bytes), options);
  const { peakBytes, liveBytes } = ledger.counts;
  model.destroy();
  return [peakBytes, liveBytes, ledger.counts.liveBytes].map((size) => size - before);
}

describe('the memory that is foretold', () => {
  it.each(CHOSEN)('is what the load takes, to the byte, and unloading gives all of it back: %s', async (title) => {
    const bytes = modelBytes(title);
    const device = await getTestDevice();
    const { peakBytes, residentBytes, refusal } = await estimateMemory(device, createMemorySource(bytes));
    expect(refusal).toBeNull();
    expect(await measureLoad(bytes, {})).toEqual([peakBytes, residentBytes, 0]);
  });

  it.each<LoadOptions>([{ contextLength: 33 }, { contextLength: 200, cacheTokens: 5000 }])(
    'follows the options: %o',
    async (options) => {
      const bytes = embeddedModelBytes();
      const estimate = await estimateMemory(await getTestDevice(), createMemorySource(bytes), options);
      expect(await measureLoad(bytes, options)).toEqual([estimate.peakBytes, estimate.residentBytes, 0]);
      const { weightsBytes, cacheBytes, activationsBytes, logitsBytes, servingBytes } = estimate;
      expect(weightsBytes + cacheBytes + activationsBytes + logitsBytes + servingBytes).toBe(estimate.residentBytes);
    },
  );

  it('follows an adapter that binds little: matrices are cut, and the sum stays the same', async () => {
    const { features, limits } = await getTestDevice();
    const wide = await estimateMemory({ limits, features }, createMemorySource(embeddedModelBytes()));
    const small = { ...capabilities(limits), maxStorageBufferBindingSize: wide.largestBufferBytes };
    const cut = await estimateMemory({ limits: small, features }, createMemorySource(embeddedModelBytes()));
    expect(cut).toMatchObject({ refusal: null, weightsBytes: wide.weightsBytes });
  });

  it('comes from the header alone', async () => {
    const whole = createMemorySource(modelBytes('qwen3 Q4_0'));
    const read: [number, number][] = [];
    const watched: ByteSource = {
      ...whole,
      read(offsetBytes, lengthBytes) {
        read.push([offsetBytes, lengthBytes]);
        return whole.read(offsetBytes, lengthBytes);
      },
    };
    await estimateMemory(await getTestDevice(), watched);
    // The reader takes the header by pieces from the front, never a range further behind.
    expect(read.every(([offsetBytes]) => offsetBytes === 0)).toBe(true);
  });
});

function capabilities({
  maxBufferSize,
  maxStorageBufferBindingSize,
  maxUniformBufferBindingSize,
  maxComputeWorkgroupsPerDimension,
  maxStorageBuffersPerShaderStage,
}: GPUSupportedLimits) {
  return {
    maxBufferSize,
    maxStorageBufferBindingSize,
    maxUniformBufferBindingSize,
    maxComputeWorkgroupsPerDimension,
    maxStorageBuffersPerShaderStage,
  };
}

describe('a model that does not fit', () => {
  it('is refused with the numbers of the estimate before anything is allocated', async () => {
    const device = await getTestDevice();
    const bytes = embeddedModelBytes();
    const { peakBytes } = await estimateMemory(device, createMemorySource(bytes));
    const budgetBytes = peakBytes - 1;
    const estimate = await estimateMemory(device, createMemorySource(bytes), { budgetBytes });
    expect(estimate.refusal).toMatchObject({
      code: 'OUT_OF_MEMORY',
      neededBytes: peakBytes,
      availableBytes: budgetBytes,
      message: `the model takes ${peakBytes} bytes of GPU memory while it loads, but ${budgetBytes} are available`,
    });
    const created = vi.spyOn(device, 'createBuffer');
    await expect(loadModel(device, createMemorySource(bytes), { budgetBytes })).rejects.toMatchObject({
      code: 'OUT_OF_MEMORY',
      data: { neededBytes: peakBytes, availableBytes: budgetBytes },
    });
    expect(created).not.toHaveBeenCalled();
    created.mockRestore();
    const { peakBytes: same } = await estimateMemory(device, createMemorySource(bytes), { budgetBytes: peakBytes });
    expect(same).toBe(peakBytes);
  });

  it.each([
    ['what is on its way from the file', 40_000, 'llm.upload.staging takes'],
    ['a row of the embedding', 100, 'columns takes'],
  ])('is refused where the adapter binds too little for %s, with sizes all the same', async (_, limit, says) => {
    const { features, limits } = await getTestDevice();
    const wide = await estimateMemory({ limits, features }, createMemorySource(embeddedModelBytes()));
    const small = { ...capabilities(limits), maxStorageBufferBindingSize: limit };
    const estimate = await estimateMemory({ limits: small, features }, createMemorySource(embeddedModelBytes()));
    expect(estimate.refusal).toMatchObject({ code: 'ADAPTER_LIMIT', availableBytes: limit });
    expect(estimate.refusal?.message).toContain(says);
    expect(estimate.refusal?.neededBytes).toBeGreaterThan(limit);
    expect(estimate.weightsBytes).toBe(wide.weightsBytes);
  });

  it('is named by the field when an option is nonsense', async () => {
    const source = createMemorySource(embeddedModelBytes());
    await expect(estimateMemory(await getTestDevice(), source, { budgetBytes: -1 })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      data: { field: 'budgetBytes', value: -1 },
    });
  });
});
