/**
 * Every kernel of every architecture and type compiles within the limits that each WebGPU device has at least. Dawn's null backend
 * checks all that WebGPU checks and computes nothing, so that this takes milliseconds where a software adapter takes minutes.
 */
import { create, globals } from 'webgpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel } from '../../worker/llm/index.ts';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../fixtures/llm/gguf-writer.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';

let instance: GPU;
let device: GPUDevice;

beforeAll(async () => {
  Object.assign(globalThis, globals);
  instance = create(['backend=null']);
  const adapter = await instance.requestAdapter();
  if (adapter === null) throw new Error('Dawn has no null backend');
  device = await adapter.requestDevice();
});

describe('on a device with the limits that each has at least', () => {
  it('16 KiB of workgroup memory are all there are', () => {
    expect(device.limits.maxComputeWorkgroupStorageSize).toBe(16_384);
    expect(instance).toBeDefined();
  });

  // Every type, and every size of heads.
  const cases = ARCHITECTURE_CASES.filter(({ title }) => title.startsWith('llama') || title.includes('heads of'));
  it.each(cases.map((shape) => [shape.title, shape] as const))(
    'a prompt, one request and several together are taken: %s',
    async (_, { options, tokens }) => {
      const source = createMemorySource(writeGguf(randomArchitecture(options).file));
      const model = await loadModel(device, source);
      try {
        const sampling = { temperature: 0, seed: 0 };
        const open = () => model.openGeneration({ promptTokens: tokens, maxTokens: 4, sampling });
        const alone = await open();
        const others = [await open(), await open()];
        for (const sessions of [[alone], others]) {
          const chunks = await Promise.all(sessions.map((session) => session.next(1)));
          expect(chunks.every(({ tokens: [token] }) => token !== undefined)).toBe(true);
        }
        for (const session of [alone, ...others]) session.destroy();
      } finally {
        model.destroy();
      }
    },
  );
});
