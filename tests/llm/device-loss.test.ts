import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { openNodeSource } from '../../worker/host/file-source.ts';
import { createWorkerService, type WorkerService } from '../../worker/host/service.ts';
import type {
  GenerationChunk,
  MemoryUse,
  SamplingParameters,
  WorkerCallKind,
  WorkerOutbound,
  WorkerParameters,
  WorkerResult,
} from '../../worker/messages.ts';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../fixtures/llm/gguf-writer.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import { openTestDevice } from '../gpu/test-device.ts';
import { embeddedModelBytes } from './embedded-model.ts';

// A software adapter on a busy machine takes its time, and compiles everything again on a new device.
vi.setConfig({ testTimeout: 240_000, hookTimeout: 240_000 });

/** Small, so that a software adapter has it compiled and read in no time. */
function smallModel(): Uint8Array<ArrayBuffer> {
  const found = ARCHITECTURE_CASES.find(({ title }) => title === 'llama F32');
  if (found === undefined) throw new Error('there is no such case');
  return writeGguf(randomArchitecture(found.options).file);
}

/** A service on real devices whose first is lost right after its n-th submit, counted from `arm(n)`. */
interface Losing {
  readonly call: <K extends WorkerCallKind>(kind: K, parameters: WorkerParameters<K>) => Promise<WorkerResult<K>>;
  readonly events: string[];
  readonly arm: (submits: number) => void;
}

const services: WorkerService[] = [];
afterEach(() => {
  for (const service of services.splice(0)) service.close();
});

function openService(): Losing {
  const sent: WorkerOutbound[] = [];
  const events: string[] = [];
  let left = Infinity;
  const service = createWorkerService({
    openSource: openNodeSource,
    async openDevice() {
      const opened = await openTestDevice();
      const { device } = opened;
      const submit = device.queue.submit.bind(device.queue);
      device.queue.submit = (commands) => {
        submit(commands);
        left -= 1;
        if (left === 0) device.destroy();
      };
      return opened;
    },
    post(message) {
      sent.push(message);
      if ('event' in message) events.push(message.event);
    },
  });
  services.push(service);
  let lastId = 0;
  return {
    events,
    arm: (submits) => (left = submits),
    async call(kind, parameters) {
      const id = ++lastId;
      await service.handle({ id, kind, parameters });
      const reply = sent.find((message) => 'id' in message && message.id === id);
      if (reply === undefined || !('ok' in reply)) throw new Error(`${kind} was not answered`);
      if (!reply.ok) throw Object.assign(new Error(`${kind}: ${reply.error.message}`), reply.error);
      return reply.result as never;
    },
  };
}

interface Request {
  readonly sessionId: string;
  readonly promptTokens: number[];
  readonly sampling: SamplingParameters;
  readonly stopStrings?: string[];
}

const random = createRandom(77);
const prompt = (length: number) => Array.from({ length }, () => pick(random, 61));
/** The end-of-text token of the random vocabulary never comes. */
const endless = { logitBias: [{ token: 0, bias: -1000 }] };
const REQUESTS: readonly Request[] = [
  // Read in more than one submit.
  { sessionId: 'long', promptTokens: prompt(70), sampling: { temperature: 0, seed: 0, ...endless } },
  { sessionId: 'warm', promptTokens: prompt(5), sampling: { temperature: 0.8, seed: 5, topK: 40, ...endless } },
  { sessionId: 'short', promptTokens: prompt(3), sampling: { temperature: 1, seed: 6, ...endless } },
];

async function load({ call }: Losing, bytes = smallModel()): Promise<void> {
  await call('open-adapter', { adapter: 'software' });
  await call('load-model', { modelId: 'm', source: { kind: 'bytes', bytes }, contextLength: 100 });
}

async function open({ call }: Losing, request: Request): Promise<void> {
  await call('open-generation', { modelId: 'm', maxTokens: 14, ...request });
}

interface Answer {
  tokens: number[];
  text: string;
  finished: GenerationChunk['finished'];
}

async function answer({ call }: Losing, sessionId: string): Promise<Answer> {
  const whole: Answer = { tokens: [], text: '', finished: null };
  while (whole.finished === null) {
    const { tokens, text, finished } = await call('next-tokens', { sessionId, maxTokens: 5 });
    whole.tokens.push(...tokens);
    whole.text += text;
    whole.finished = finished;
  }
  return whole;
}

function answerAll(losing: Losing): Promise<Answer[]> {
  return Promise.all(REQUESTS.map(({ sessionId }) => answer(losing, sessionId)));
}

let undisturbed: Answer[];
let memory: MemoryUse;
beforeAll(async () => {
  const losing = openService();
  await load(losing);
  for (const request of REQUESTS) await open(losing, request);
  undisturbed = await answerAll(losing);
  expect(undisturbed.map(({ tokens }) => tokens.length)).toEqual([14, 14, 14]);
  memory = await losing.call('memory', {});
});

describe('answers of a device that is lost', () => {
  it.each<[string, Partial<Record<'load' | 'open' | 'decode', number>>]>([
    ['while the model is loaded', { load: 3 }],
    ['while a prompt is read', { open: 2 }],
    ['at the first token', { decode: 1 }],
    ['in the middle of a batch of several', { decode: 9 }],
    ['near the end', { decode: 13 }],
  ])('are token for token those of an undisturbed one, and unloading leaves nothing: %s', async (_, moment) => {
    const losing = openService();
    if (moment.load !== undefined) losing.arm(moment.load);
    await load(losing);
    if (moment.open !== undefined) losing.arm(moment.open);
    for (const request of REQUESTS) await open(losing, request);
    if (moment.decode !== undefined) losing.arm(moment.decode);
    expect(await answerAll(losing)).toEqual(undisturbed);
    expect(losing.events).toEqual(['device-recovered']);
    const { liveBytes } = await losing.call('memory', {});
    expect(liveBytes).toBe(memory.liveBytes);
    await losing.call('unload-model', { modelId: 'm' });
    expect(await losing.call('memory', {})).toMatchObject({ liveBytes: 0, liveCount: 0 });
  });

  it('go on after several losses', async () => {
    const losing = openService();
    await load(losing);
    for (const request of REQUESTS) await open(losing, request);
    const all: number[] = [];
    for (const submits of [1, 2]) {
      losing.arm(submits);
      all.push(...(await losing.call('next-tokens', { sessionId: 'long', maxTokens: 4 })).tokens);
    }
    expect(all).toEqual(undisturbed[0]?.tokens.slice(0, 8));
    expect(losing.events).toEqual(['device-recovered', 'device-recovered']);
  });

  it('go on in the middle of a word, of a character and of what may become a stop string', async () => {
    const losing = openService();
    await load(losing, embeddedModelBytes());
    const { tokens: promptTokens } = await losing.call('tokenize', {
      modelId: 'm',
      text: 'The Congress should',
      addBos: true,
    });
    const greedy = { promptTokens, sampling: { temperature: 0, seed: 0 } };
    await open(losing, { ...greedy, sessionId: 'whole' });
    const { text } = await answer(losing, 'whole');
    // It is held back in part when the device goes, whatever the pieces are.
    const stop = text.slice(20, 29);
    await open(losing, { ...greedy, sessionId: 'stopped', stopStrings: [stop] });
    let shown = '';
    for (let finished: string | null = null; finished === null;) {
      if (losing.events.length < 2) losing.arm(1);
      const chunk = await losing.call('next-tokens', { sessionId: 'stopped', maxTokens: 2 });
      shown += chunk.text;
      ({ finished } = chunk);
    }
    expect(shown).toBe(text.slice(0, text.indexOf(stop)));
    expect(losing.events).toEqual(['device-recovered', 'device-recovered']);
  });

  it('can be checked again on the new device: the same log-probabilities, and a replay without gaps', async () => {
    const losing = openService();
    await load(losing);
    const [{ promptTokens, sampling }] = REQUESTS as [Request];
    const before = await losing.call('score', { modelId: 'm', tokens: promptTokens });
    losing.arm(2);
    expect(await losing.call('score', { modelId: 'm', tokens: promptTokens })).toEqual(before);
    losing.arm(1);
    const outputTokens = undisturbed[0]?.tokens ?? [];
    const { gaps } = await losing.call('replay', { modelId: 'm', promptTokens, outputTokens, sampling });
    expect(gaps).toHaveLength(14);
    expect(Math.max(...gaps)).toBeLessThan(1e-3);
    expect(losing.events).toEqual(['device-recovered', 'device-recovered']);
  });
});
