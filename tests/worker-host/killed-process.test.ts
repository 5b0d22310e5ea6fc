import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { createGpuProcessSupervisor, type GpuProcessSupervisor } from '../../main/headless/gpu-process-supervisor.ts';
import { createRateMeter } from '../../main/market/rate-meter.ts';
import { createChatChunks } from '../../main/node/task/chat-chunks.ts';
import type { Chunk } from '../../main/node/task/chunk-source.ts';
import { WorkerInputs } from '../../main/node/task/worker-inputs.ts';
import { chatPayloadCodec } from '../../protocol/wire/payload-codecs.ts';
import { embeddedModelPath } from '../../main/headless/project-files.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

const sha256 = 'ab'.repeat(32);
let folder: string;
let supervisor: GpuProcessSupervisor;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-killed-'));
  supervisor = await createGpuProcessSupervisor({ dataDirectory: folder, adapter: 'software', log: () => {} });
});
afterAll(async () => {
  await supervisor.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The provider's side of one answer of 12 tokens, in chunks of 3. `between` is told how many have been delivered. */
async function answer(between: (delivered: number) => void): Promise<{ tokens: number[]; text: string }> {
  const { worker } = supervisor;
  const store = {
    find: () => Promise.resolve({ sha256, kind: 'model', path: embeddedModelPath, sizeBytes: 1 } as const),
  };
  const workerReady = () => supervisor.ready();
  const inputs = new WorkerInputs({ worker, store, workerReady, numericProfile: () => 'f32' });
  const source = createChatChunks(
    {
      kind: 'chat',
      modelSha256: sha256,
      messages: [{ role: 'user', content: 'The Congress should' }],
      prefixTokens: [],
      maxTokens: 12,
      temperatureMillionths: 700_000,
      seed: 3,
    },
    // A rate that makes chunks of 3 tokens.
    { worker, inputs, rates: { ...createRateMeter(), rate: () => 12, note: () => {} }, sliceTargetMs: () => 50 },
    { chunkUnits: 16n, onActivity: () => {} },
  );
  const whole = { tokens: [] as number[], text: '' };
  while (source.plan(16n) !== null) {
    const chunk: Chunk | null = await source.produce(new AbortController().signal);
    if (chunk === null) break;
    const { tokens, text } = chatPayloadCodec.decode(chunk.payload);
    whole.tokens.push(...tokens);
    whole.text += text;
    between(whole.tokens.length);
  }
  await source.close();
  return whole;
}

it('an answer whose GPU process is killed goes on from its last delivered token, in a new process', async () => {
  const undisturbed = await answer(() => {});
  expect(undisturbed.tokens).toHaveLength(12);
  const first = supervisor.processId;
  const killed = await answer((delivered) => {
    if (delivered === 6) process.kill(supervisor.processId ?? 0, 'SIGKILL');
  });
  expect(killed).toEqual(undisturbed);
  expect(supervisor.processId).not.toBe(first);
});
