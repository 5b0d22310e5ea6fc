import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel, type GenerationRequest, type LanguageModel } from '../../worker/llm/index.ts';
import { logSoftmax } from '../gpu/reference/compare.ts';
import { getTestDevice } from '../gpu/test-device.ts';
import { embeddedModelBytes } from './embedded-model.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const greedy = { temperature: 0, seed: 0 };

let model: LanguageModel;
beforeAll(async () => {
  // 24 pages: sixteen requests of up to 32 positions do not all fit at once.
  model = await loadModel(await getTestDevice(), createMemorySource(embeddedModelBytes()), {
    contextLength: 96,
    cacheTokens: 24 * 16,
  });
});
afterAll(() => model.destroy());

async function loadShort(): Promise<LanguageModel> {
  return loadModel(await getTestDevice(), createMemorySource(embeddedModelBytes()), { contextLength: 96 });
}

function openSix(loaded: LanguageModel, promptTokens: readonly number[]) {
  return loaded.openGeneration({ promptTokens, maxTokens: 6, sampling: greedy });
}

function dot(a: Float32Array, b: Float32Array): number {
  return a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);
}

const encode = (text: string) => model.tokenizer.encode(text, { addBos: true });

async function answer(
  request: GenerationRequest,
  step = request.maxTokens,
): Promise<{ tokens: number[]; text: string }> {
  const session = await model.openGeneration(request);
  const all = { tokens: [] as number[], text: '' };
  for (;;) {
    const chunk = await session.next(step);
    all.tokens.push(...chunk.tokens);
    all.text += chunk.text;
    if (chunk.finished !== null) break;
  }
  session.destroy();
  return all;
}

/** Sixteen requests that differ in prompt, length and rules. */
function requests(): GenerationRequest[] {
  const prompts = ['The Congress should', 'In the name of', 'We have seen that the', 'It is'];
  return Array.from({ length: 16 }, (_, index) => ({
    promptTokens: encode(prompts[index % 4] ?? ''),
    maxTokens: 5 + (index % 7),
    sampling:
      index % 3 === 0
        ? greedy
        : {
            temperature: 0.5 + index / 16,
            seed: index,
            topK: index % 2 === 0 ? 20 : 0,
            topP: 0.95,
            frequencyPenalty: 0.1,
          },
  }));
}

describe('requests that run together', () => {
  it('get token for token what each gets alone, and leave no page behind', async () => {
    const alone: { tokens: number[]; text: string }[] = [];
    for (const request of requests()) alone.push(await answer(request));
    const before = await model.counters();
    const together = await Promise.all(requests().map((request, index) => answer(request, 1 + (index % 4))));
    expect(together).toEqual(alone);
    const after = await model.counters();
    // Sixteen callers, far fewer passes than tokens.
    expect((after.rows - before.rows) / (after.steps - before.steps)).toBeGreaterThan(2);
    expect(after.cache.pagesInUse).toBe(after.cache.prefixPages);
  });

  it('create no buffer and no bind group while they decode', async () => {
    const device = await getTestDevice();
    const sessions = await Promise.all(
      requests()
        .slice(0, 4)
        .map((request) => model.openGeneration(request)),
    );
    const buffers = vi.spyOn(device, 'createBuffer');
    const groups = vi.spyOn(device, 'createBindGroup');
    await Promise.all(sessions.map((session) => session.next(4)));
    const counted = [buffers.mock.calls.length, groups.mock.calls.length];
    vi.restoreAllMocks();
    for (const session of sessions) session.destroy();
    expect(counted).toEqual([0, 0]);
    const { dispatchesPerToken } = await model.counters();
    expect(dispatchesPerToken).toBeLessThanOrEqual(8 * model.description.layerCount + 6);
  });

  it('take pages from those at rest, who go on with the same tokens afterwards', async () => {
    const request = { promptTokens: encode('The Congress should'), maxTokens: 12, sampling: greedy };
    const whole = await answer(request);
    const resting = await model.openGeneration(request);
    const begun = await resting.next(5);
    const { preemptions } = (await model.counters()).cache;
    // Four long ones, kept open, fill the pool.
    const others = [];
    for (let index = 0; index < 4; index++) {
      const promptTokens = Array.from({ length: 90 }, (_token, place) => 300 + index + place);
      const session = await model.openGeneration({ promptTokens, maxTokens: 6, sampling: greedy });
      expect((await session.next(6)).tokens).toHaveLength(6);
      others.push(session);
    }
    expect((await model.counters()).cache.preemptions).toBeGreaterThan(preemptions);
    const rest = await resting.next(7);
    for (const session of [resting, ...others]) session.destroy();
    expect([...begun.tokens, ...rest.tokens]).toEqual(whole.tokens);
  });
});

describe('a cancelled request', () => {
  it('rejects what is under way, frees its pages at once, and disturbs nobody', async () => {
    const [request] = requests();
    if (request === undefined) throw new Error('there is no request');
    const whole = await answer(request);
    const { pagesInUse } = (await model.counters()).cache;
    const cancelled = await model.openGeneration({ ...request, maxTokens: 40 });
    const other = await model.openGeneration(request);
    const lost = cancelled.next(40);
    const kept = other.next(request.maxTokens);
    cancelled.destroy();
    await expect(lost).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    expect((await kept).tokens).toEqual(whole.tokens);
    other.destroy();
    expect((await model.counters()).cache.pagesInUse).toBe(pagesInUse);
  });
});

describe('prompts that begin alike', () => {
  it('share pages, and give the same tokens as without', async () => {
    const [sharing, separate] = [await loadShort(), await loadShort()];
    const common = Array.from({ length: 40 }, (_, index) => 400 + ((index * 31) % 900));
    const [first = [], second = []] = [700, 800].map((last) => [...common, last]);
    const sessions = [await openSix(sharing, first)];
    const before = (await sharing.counters()).cache;
    sessions.push(await openSix(sharing, second));
    const after = (await sharing.counters()).cache;
    // Two full pages are shared, the third begins alike but is not full.
    expect(after.reusedTokens - before.reusedTokens).toBe(32);
    expect(after.pagesInUse - before.pagesInUse).toBe(1);
    const shared = await Promise.all(sessions.map((session) => session.next(6)));
    const alone = await (await openSix(separate, second)).next(6);
    expect(shared[1]?.tokens).toEqual(alone.tokens);
    for (const session of sessions) session.destroy();
    // Kept for the next prompt that begins so, though nobody uses them now.
    expect((await sharing.counters()).cache).toMatchObject({ pagesInUse: 2, prefixPages: 2 });
    sharing.destroy();
    separate.destroy();
  });
});

describe('what is asked beside the tokens', () => {
  it('ends before a stop string, also when tokens cut it in two', async () => {
    const request = { promptTokens: encode('The Congress should'), maxTokens: 16, sampling: greedy };
    const { text } = await answer(request);
    const stop = text.slice(12, 17);
    for (const step of [1, 16]) {
      const stopped = await answer({ ...request, stopStrings: ['never said', stop] }, step);
      expect(stopped.text).toBe(text.slice(0, text.indexOf(stop)));
    }
  });

  it('gives log-probabilities that are those of the logits', async () => {
    const promptTokens = encode('The Congress should');
    const session = await model.openGeneration({ promptTokens, maxTokens: 4, sampling: greedy, logProbabilities: 3 });
    const { tokens, logProbabilities = [] } = await session.next(4);
    session.destroy();
    const sequence = [...promptTokens, ...tokens];
    const logits = await model.logits(sequence);
    const scores = await model.score(sequence);
    const { vocabularySize } = model.description;
    tokens.forEach((token, index) => {
      const position = promptTokens.length + index - 1;
      const row = logSoftmax(logits.subarray(position * vocabularySize, (position + 1) * vocabularySize));
      expect(logProbabilities[index]?.token).toBe(token);
      expect(logProbabilities[index]?.logProbability).toBeCloseTo(row[token] ?? NaN, 3);
      // Greedy: the token is the first of the likeliest.
      expect(logProbabilities[index]?.alternatives[0]?.token).toBe(token);
      expect(logProbabilities[index]?.alternatives).toHaveLength(3);
      expect(scores[position]).toBeCloseTo(row[token] ?? NaN, 3);
    });
    expect(scores).toHaveLength(sequence.length - 1);
  });

  it('gives embeddings of length 1 that say which tokens were read', async () => {
    const texts = ['The Congress should', 'The Congress must', 'green apples and pears'].map(encode);
    for (const pooling of ['mean', 'last', 'cls'] as const) {
      const [first, second, third] = await Promise.all(texts.map((tokens) => model.embed(tokens, pooling)));
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('an embedding is missing');
      expect(first).toHaveLength(model.description.embeddingLength);
      expect(dot(first, first)).toBeCloseTo(1, 4);
      if (pooling === 'mean') expect(dot(first, second)).toBeGreaterThan(dot(first, third));
    }
  });
});

describe('unloading', () => {
  it('frees every buffer that loading and working made', async () => {
    const device = await getTestDevice();
    const live = new Set<GPUBuffer>();
    const create = device.createBuffer.bind(device);
    vi.spyOn(device, 'createBuffer').mockImplementation((descriptor) => {
      const buffer = create(descriptor);
      live.add(buffer);
      const destroy = buffer.destroy.bind(buffer);
      buffer.destroy = () => {
        live.delete(buffer);
        return destroy();
      };
      return buffer;
    });
    const loaded = await loadModel(device, createMemorySource(embeddedModelBytes()), { contextLength: 64 });
    const promptTokens = encode('It is');
    const session = await loaded.openGeneration({ promptTokens, maxTokens: 9, sampling: greedy, logProbabilities: 1 });
    await session.next(2);
    await loaded.embed(promptTokens, 'mean');
    const underWay = session.next(7);
    expect(live.size).toBeGreaterThan(0);
    loaded.destroy();
    await expect(underWay).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    vi.restoreAllMocks();
    expect([...live].map(({ label }) => label)).toEqual([]);
  });
});
