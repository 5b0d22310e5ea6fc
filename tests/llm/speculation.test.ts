import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import type { SamplingParameters } from '../../worker/messages.ts';
import { loadModel, type GenerationRequest, type LanguageModel } from '../../worker/llm/index.ts';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../fixtures/llm/gguf-writer.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';
import { getTestDevice } from '../gpu/test-device.ts';
import { embeddedModelBytes } from './embedded-model.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const greedy = { temperature: 0, seed: 0 };
/** The embedded model goes on repeating this one... */
const REPETITIVE = 'Article 1. All persons. Article 2. All persons. Article 3.';
/** ...and not this one. */
const VARIED = 'The cat sat on the mat. The cat sat on the mat. The cat sat on';

let model: LanguageModel;
beforeAll(async () => {
  model = await loadModel(await getTestDevice(), createMemorySource(embeddedModelBytes()), { contextLength: 128 });
});
afterAll(() => model.destroy());

const encode = (text: string) => model.tokenizer.encode(text, { addBos: true });

async function answer(request: GenerationRequest, step = request.maxTokens) {
  const session = await model.openGeneration(request);
  const all = { tokens: [] as number[], text: '', finished: null as string | null, logarithms: [] as number[] };
  while (all.finished === null) {
    const chunk = await session.next(step);
    expect(chunk.tokens.length).toBeLessThanOrEqual(step);
    all.tokens.push(...chunk.tokens);
    all.text += chunk.text;
    all.finished = chunk.finished;
    all.logarithms.push(...(chunk.logProbabilities ?? []).map(({ logProbability }) => logProbability));
  }
  session.destroy();
  return all;
}

/** What the model has done since the last call. */
async function countSince(work: () => Promise<unknown>) {
  const before = await model.counters();
  await work();
  const after = await model.counters();
  return {
    steps: after.steps - before.steps,
    drafted: after.draftedTokens - before.draftedTokens,
    accepted: after.acceptedDrafts - before.acceptedDrafts,
  };
}

const speculation = { maxTokens: 15 };

/** So likely that nothing else is chosen: drawing among them repeats itself by chance. */
const ofThree = [300, 301, 302].map((token) => ({ token, bias: 60 }));
const penalties = {
  logitBias: ofThree,
  repetitionPenalty: 1.02,
  frequencyPenalty: 0.8,
  presencePenalty: 0.4,
  penaltyTokens: 7,
};

describe('every kind of attention', () => {
  // Windows, soft caps, norms on both sides; other ways of turning positions, biases, coarse weights.
  it.each(['gemma2 F32', 'gemma3 F16', 'qwen2 Q4_0', 'qwen3 Q8_0', 'phi3 F32'])(
    'gives the same tokens with drafts, greedy and drawn: %s',
    async (title) => {
      const shape = ARCHITECTURE_CASES.find((entry) => entry.title === title);
      if (shape === undefined) throw new Error(`no case ${title}`);
      const bytes = writeGguf(randomArchitecture(shape.options).file);
      const random = await loadModel(await getTestDevice(), createMemorySource(bytes), { contextLength: 80 });
      // Token 0 would end the answer.
      const logitBias = [{ token: 0, bias: -100 }];
      const ofFour = [1, 2, 3, 4].map((token) => ({ token, bias: 60 }));
      const rules = [
        { temperature: 0, seed: 0, logitBias },
        { temperature: 0.8, seed: 3, logitBias: ofFour, frequencyPenalty: 0.3, penaltyTokens: 5, topK: 3 },
      ];
      let accepted = 0;
      for (const sampling of rules) {
        const found = [];
        for (const options of [{}, { speculation: { maxTokens: 5 } }]) {
          const before = await random.counters();
          const promptTokens = [...shape.tokens, ...shape.tokens.slice(0, 10)];
          const session = await random.openGeneration({ promptTokens, maxTokens: 40, sampling, ...options });
          found.push((await session.next(40)).tokens);
          session.destroy();
          accepted += (await random.counters()).acceptedDrafts - before.acceptedDrafts;
        }
        expect(found[1]).toEqual(found[0]);
        expect(found[0]).toHaveLength(40);
      }
      random.destroy();
      expect(accepted).toBeGreaterThan(0);
    },
  );
});

describe('an answer with drafts', () => {
  it.each<[string, string, SamplingParameters, number, number]>([
    ['greedy', REPETITIVE, greedy, 15, 40],
    ['greedy, drafts of one token', REPETITIVE, greedy, 1, 24],
    ['greedy, asked for in small pieces', REPETITIVE, greedy, 15, 5],
    ['greedy, of a text that repeats itself once', VARIED, greedy, 15, 40],
    ['drawn at random', REPETITIVE, { temperature: 0.3, seed: 5 }, 8, 40],
    ['drawn from three tokens', VARIED, { temperature: 1, seed: 2, logitBias: ofThree }, 15, 40],
    [
      'drawn after a cut',
      VARIED,
      { temperature: 1, seed: 3, topK: 2, topP: 0.9, minP: 0.1, logitBias: ofThree },
      15,
      40,
    ],
    ['with penalties, which depend on the tokens before', VARIED, { temperature: 0.8, seed: 7, ...penalties }, 15, 40],
    ['greedy with penalties', VARIED, { ...greedy, ...penalties }, 4, 40],
  ])('has the tokens it has without: %s', async (_, text, sampling, maxTokens, step) => {
    const request = { promptTokens: encode(text), maxTokens: 40, sampling };
    const plain = await answer(request);
    const counts = await countSince(async () =>
      expect(await answer({ ...request, speculation: { maxTokens } }, step)).toEqual(plain),
    );
    expect(counts.accepted).toBeGreaterThan(0);
    expect(counts.steps).toBeLessThan(40);
  });

  it('takes fewer submits than tokens where the text repeats itself, and none more where it does not', async () => {
    const request = { promptTokens: encode(REPETITIVE), maxTokens: 48, sampling: greedy, speculation };
    const { steps, drafted, accepted } = await countSince(() => answer(request));
    expect(48 / steps).toBeGreaterThan(1.5);
    expect(accepted).toBeGreaterThan(drafted / 4);
    const promptTokens = Array.from({ length: 40 }, (_, index) => 300 + ((index * 131) % 3000));
    const without = await countSince(() =>
      answer({ promptTokens, maxTokens: 8, sampling: { temperature: 1, seed: 1 }, speculation }),
    );
    expect(without).toEqual({ steps: 8, drafted: 0, accepted: 0 });
  });

  it('says with each piece how many drafted tokens were checked and came true', async () => {
    const promptTokens = encode(REPETITIVE);
    const session = await model.openGeneration({ promptTokens, maxTokens: 40, sampling: greedy, speculation });
    const said = { checked: 0, accepted: 0 };
    const { drafted, accepted } = await countSince(async () => {
      for (let call = 0; call < 4; call++) {
        const { drafts } = await session.next(10);
        said.checked += drafts?.checked ?? NaN;
        said.accepted += drafts?.accepted ?? NaN;
      }
    });
    session.destroy();
    expect(said).toEqual({ checked: drafted, accepted });
    const plain = await model.openGeneration({ promptTokens, maxTokens: 1, sampling: greedy });
    expect(await plain.next(1)).not.toHaveProperty('drafts');
    plain.destroy();
  });

  it('gives the same tokens under a prompt made to mislead it', async () => {
    // The same two tokens again and again, each time followed by others.
    const promptTokens = Array.from({ length: 20 }, (_, index) => [500, 600, 700 + 37 * index]).flat();
    promptTokens.push(500, 600);
    const request = { promptTokens, maxTokens: 24, sampling: greedy };
    const plain = await answer(request);
    expect(await answer({ ...request, speculation })).toEqual(plain);
  });

  it('ends at a stop string and at the end of the context, in the middle of a draft', async () => {
    const request = { promptTokens: encode(REPETITIVE), maxTokens: 40, sampling: greedy };
    const { text } = await answer(request);
    const stopStrings = [text.slice(50, 56)];
    const stopped = await answer({ ...request, stopStrings, speculation });
    expect(stopped).toEqual(await answer({ ...request, stopStrings }));
    expect(stopped.finished).toBe('stop');
    const long = [...request.promptTokens, ...Array.from({ length: 120 - request.promptTokens.length }, () => 5)];
    const plain = await answer({ ...request, promptTokens: long });
    expect(plain.tokens).toHaveLength(8);
    expect(await answer({ ...request, promptTokens: long, speculation })).toEqual(plain);
  });

  it('reports the same log-probabilities', async () => {
    const request = { promptTokens: encode(REPETITIVE), maxTokens: 24, sampling: greedy, logProbabilities: 2 };
    const plain = await answer(request);
    expect(plain.logarithms).toHaveLength(24);
    // To the last bit: one row and several are summed in the same order.
    expect(await answer({ ...request, speculation })).toEqual(plain);
  });

  it('runs beside others, with and without drafts, and each gets what it gets alone', async () => {
    const texts = [REPETITIVE, VARIED, 'It is', 'In the name of', REPETITIVE, 'one two three one two three one two'];
    const requests = texts.map((text, index) => ({
      promptTokens: encode(text),
      maxTokens: 12 + 3 * index,
      sampling: index % 2 === 0 ? greedy : { temperature: 0.7, seed: index, frequencyPenalty: 0.05 },
      ...(index % 3 === 2 ? {} : { speculation }),
    }));
    const alone = [];
    for (const { promptTokens, maxTokens, sampling } of requests) {
      alone.push(await answer({ promptTokens, maxTokens, sampling }));
    }
    const together = await Promise.all(requests.map((request, index) => answer(request, 4 + 3 * index)));
    expect(together).toEqual(alone);
    const { cache } = await model.counters();
    expect(cache.pagesInUse).toBe(cache.prefixPages);
  });

  it('takes no page from anybody for a draft', async () => {
    // Eight pages: one rests with three, the other needs the rest to the last position.
    const small = await loadModel(await getTestDevice(), createMemorySource(embeddedModelBytes()), {
      contextLength: 80,
      cacheTokens: 8 * 16,
    });
    const resting = await small.openGeneration({
      promptTokens: Array.from({ length: 44 }, (_, index) => 900 + index),
      maxTokens: 4,
      sampling: greedy,
    });
    await resting.next(2);
    const promptTokens = encode(REPETITIVE);
    const session = await small.openGeneration({
      promptTokens,
      maxTokens: 80 - promptTokens.length,
      sampling: greedy,
      speculation,
    });
    const { tokens } = await session.next(100);
    expect(tokens).toHaveLength(80 - promptTokens.length);
    expect((await small.counters()).cache).toMatchObject({ preemptions: 0 });
    small.destroy();
  });

  it('goes on as it would have after others took its pages', async () => {
    // Six pages; three answers of up to 53 positions need twelve.
    const crowded = await loadModel(await getTestDevice(), createMemorySource(embeddedModelBytes()), {
      contextLength: 96,
      cacheTokens: 6 * 16,
    });
    const ask = async (seed: number, options: object) => {
      const sampling = { temperature: 0.6, seed, logitBias: ofThree };
      const session = await crowded.openGeneration({
        promptTokens: encode(REPETITIVE),
        maxTokens: 30,
        sampling,
        ...options,
      });
      const tokens = [];
      for (let call = 0; call < 3; call++) tokens.push(...(await session.next(10)).tokens);
      session.destroy();
      return tokens;
    };
    const seeds = [1, 2, 3];
    const alone = [];
    for (const seed of seeds) alone.push(await ask(seed, {}));
    expect(await Promise.all(seeds.map((seed) => ask(seed, { speculation })))).toEqual(alone);
    const { cache, acceptedDrafts } = await crowded.counters();
    expect(cache.preemptions).toBeGreaterThan(0);
    expect(acceptedDrafts).toBeGreaterThan(0);
    expect(cache.pagesInUse).toBe(cache.prefixPages);
    crowded.destroy();
  });

  it('frees its pages when it is cancelled while a draft is checked', async () => {
    const request = { promptTokens: encode(REPETITIVE), maxTokens: 40, sampling: greedy };
    const plain = await answer(request);
    const { pagesInUse } = (await model.counters()).cache;
    const session = await model.openGeneration({ ...request, speculation });
    const lost = session.next(40);
    session.destroy();
    await expect(lost).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
    expect((await model.counters()).cache.pagesInUse).toBe(pagesInUse);
    expect(await answer({ ...request, speculation })).toEqual(plain);
  });

  it.each([0, 16, 1.5, NaN])('is refused for drafts of %s tokens', async (maxTokens) => {
    const refused = model.openGeneration({
      promptTokens: [1],
      maxTokens: 1,
      sampling: greedy,
      speculation: { maxTokens },
    });
    await expect(refused).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
      message: `speculation.maxTokens is ${maxTokens}; it must be a whole number in 1..15`,
    });
  });
});
