import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createStorageBuffer } from '../../worker/gpu/buffers.ts';
import { InstrumentedDevice } from '../../worker/gpu/profile/instrumented-device.ts';
import { ProfileError } from '../../worker/gpu/profile/profile-error.ts';
import { type LanguageModel, loadModel } from '../../worker/llm/index.ts';
import { benchModel } from '../../worker/llm/profile/bench-model.ts';
import { createRandomModel } from '../../worker/llm/profile/random-model/random-model.ts';
import { getTestDevice } from './test-device.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const shape = {
  name: 'test',
  vocabularySize: 97,
  embeddingLength: 64,
  layerCount: 2,
  headCount: 4,
  keyValueHeadCount: 2,
  feedForwardLength: 96,
  contextLength: 64,
  isTied: true,
};
const nowMs = (): number => performance.now();
const greedy = { temperature: 0, seed: 0 };

let device: GPUDevice;
let watched: InstrumentedDevice;
let model: LanguageModel;

beforeAll(async () => {
  device = await getTestDevice();
  watched = new InstrumentedDevice(device, nowMs);
  model = await loadModel(watched.device, createRandomModel({ shape, format: 'Q8_0', seed: 3 }), {
    sliceBudgetMs: Infinity,
  });
});
afterAll(() => model.destroy());

/** Eight tokens, watched as `level` says from the third on. */
async function generate(level: 'host' | 'commands' | 'timestamps'): Promise<number[]> {
  const session = await model.openGeneration({ promptTokens: [1, 2, 3], maxTokens: 10, sampling: greedy });
  try {
    const first = await session.next(2);
    watched.reset(level);
    const rest = await session.next(8);
    return [...first.tokens, ...rest.tokens];
  } finally {
    session.destroy();
  }
}

describe('profiling', () => {
  it('is refused, with the reason, where the device has no timestamps', () => {
    const without = new Proxy(device, {
      get: (object, key): unknown => (key === 'features' ? new Set() : Reflect.get(object, key, object)),
    });
    const blind = new InstrumentedDevice(without, nowMs);
    expect(() => blind.reset('timestamps')).toThrow(ProfileError);
    expect(() => blind.reset('timestamps')).toThrow(/no timestamp-query/);
    expect(() => blind.reset('commands')).not.toThrow();
  });

  it('counts what a token costs: its dispatches, one submit, no buffer, no bind group, one id read back', async () => {
    const tokens = await generate('commands');
    const { dispatches, submits, buffersCreated, bindGroupsCreated, readBackBytes } = watched.counts;
    const { dispatchesPerToken } = await model.counters();
    expect(tokens).toHaveLength(10);
    expect({ dispatches, submits, buffersCreated, bindGroupsCreated, readBackBytes }).toEqual({
      dispatches: 8 * dispatchesPerToken,
      submits: 8,
      buffersCreated: 0,
      bindGroupsCreated: 0,
      readBackBytes: 32,
    });
  });

  it('gives every dispatch a time and leaves the tokens as they are', async () => {
    if (!device.features.has('timestamp-query')) return;
    const plain = await generate('host');
    const profiled = await generate('timestamps');
    const times = await watched.takeTimes();
    expect(profiled).toEqual(plain);
    expect(times).toHaveLength(8 * (await model.counters()).dispatchesPerToken);
    expect(times.every(({ label }) => label.startsWith('llm.'))).toBe(true);
    expect(times.some(({ nanoseconds }) => nanoseconds > 0)).toBe(true);
  });

  it('counts buffers and bytes read back', async () => {
    watched.reset('commands');
    const source = createStorageBuffer(watched.device, 'source', 64);
    const target = watched.device.createBuffer({ label: 'target', size: 64, usage: 0x01 | 0x08 });
    const encoder = watched.device.createCommandEncoder();
    encoder.copyBufferToBuffer(source, 0, target, 0, 48);
    watched.device.queue.submit([encoder.finish()]);
    await target.mapAsync(0x01);
    const { buffersCreated, readBackBytes, submits } = watched.counts;
    expect({ buffersCreated, readBackBytes, submits }).toEqual({ buffersCreated: 2, readBackBytes: 48, submits: 1 });
    source.destroy();
    target.destroy();
  });
});

it('a benchmark clamps to the context, says so, and knows what its matrices move', async () => {
  const result = await benchModel(
    { device, nowMs, copyBytesPerSecond: 1e9 },
    createRandomModel({ shape, format: 'Q8_0', seed: 3 }),
    {
      prefillTokens: 512,
      decodeTokens: 4,
      depths: [0, 4096],
      batches: [2],
      repetitions: 1,
      profile: true,
      sliceBudgetMs: Infinity,
    },
  );
  expect(result.prefill).toMatchObject({ wantedTokens: 512, tokens: 63 });
  expect(result.decode.map(({ wantedDepth, depth }) => [wantedDepth, depth])).toEqual([
    [0, 0],
    [4096, 57],
  ]);
  expect(result.decode.every(({ tokensPerSecond }) => tokensPerSecond > 0)).toBe(true);
  expect(result.batches).toMatchObject([{ requests: 2, tokens: 4, repetitions: 1 }]);
  expect(result.counters).toMatchObject({
    buffersCreatedPerToken: 0,
    bindGroupsCreatedPerToken: 0,
    submitsPerToken: 1,
  });
  expect(result.vectorKernels).toMatchObject([{ format: 'Q8_0', rows: shape.feedForwardLength }]);
  expect(Object.values(result.vectorKernels[0]?.microseconds ?? {}).every((time) => time > 0)).toBe(true);
  const { profile } = result;
  if (profile === null || profile.refused !== null) {
    expect(profile?.refused?.code).toBe('NO_TIMESTAMP_QUERY');
    return;
  }
  const decode = profile.phases.find(({ phase, depth }) => phase === 'decode' && depth === 0);
  const weightBytes = (decode?.kernels ?? [])
    .filter(({ kernel }) => kernel.includes('matrix'))
    .reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
  const gains = (2 * shape.layerCount + 1) * shape.embeddingLength * 4;
  expect(weightBytes / (decode?.tokens ?? 1)).toBe(result.counters.weightBytesPerToken - gains);
});
