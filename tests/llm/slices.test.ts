import { afterEach, describe, expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel, type LanguageModel, type LoadOptions } from '../../worker/llm/index.ts';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../fixtures/llm/gguf-writer.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';
import { randomModel } from '../fixtures/llm/random-model.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import { SliceBudget } from '../../worker/llm/serving/slice-budget.ts';
import { getTestDevice } from '../gpu/test-device.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000 });

const found = ARCHITECTURE_CASES.find(({ title }) => title === 'llama F32');
if (found === undefined) throw new Error('there is no such case');
const bytes = writeGguf(randomArchitecture(found.options).file);
const random = createRandom(5);
const prompts = [70, 9, 4].map((length) => Array.from({ length }, () => pick(random, 61)));
const endless = { logitBias: [{ token: 0, bias: -1000 }] };

/** A clock on which whatever is timed takes `durationMs`. */
function slowClock(durationMs: number): () => number {
  let nowMs = 0;
  return () => (nowMs += durationMs);
}

const models: LanguageModel[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const model of models.splice(0)) model.destroy();
});

async function load(options: LoadOptions, content = bytes): Promise<LanguageModel> {
  const model = await loadModel(await getTestDevice(), createMemorySource(content), { contextLength: 100, ...options });
  models.push(model);
  return model;
}

/** Every number and token that a model gives, and the submits it took. */
async function runAll(options: LoadOptions, whileOpen: (model: LanguageModel) => void = () => {}) {
  const device = await getTestDevice();
  const model = await load(options);
  const submit = vi.spyOn(device.queue, 'submit');
  const sessions = await Promise.all(
    prompts.map((promptTokens, seed) =>
      model.openGeneration({ promptTokens, maxTokens: 12, sampling: { temperature: 0.7, seed, ...endless } }),
    ),
  );
  whileOpen(model);
  const chunks = await Promise.all(sessions.map((session) => session.next(12)));
  for (const session of sessions) session.destroy();
  const [prompt = []] = prompts;
  const logits = await model.logits(prompt);
  const embedding = await model.embed(prompt, 'mean');
  const { largestChunk, steps } = await model.counters();
  return {
    results: { tokens: chunks.map(({ tokens }) => tokens), logits, embedding },
    submits: submit.mock.calls.length,
    largestChunk,
    steps,
  };
}

describe('work that is cut into slices', () => {
  it('gives the same bytes however it is cut', async () => {
    const whole = await runAll({ sliceBudgetMs: Infinity });
    const cut = await runAll({ sliceBudgetMs: 8, nowMs: slowClock(40) });
    const cutFinely = await runAll({ sliceBudgetMs: 8, nowMs: slowClock(400) });
    expect(cut.results).toEqual(whole.results);
    expect(cutFinely.results).toEqual(whole.results);
    expect([whole.largestChunk, cut.largestChunk]).toEqual([69, 32]);
    // Seven submits in the place of one, and as many as there are kernels.
    expect(cut.submits).toBeGreaterThan(4 * whole.submits);
    expect(cutFinely.submits).toBeGreaterThan(2 * cut.submits);
  });

  it('follows the owner while requests are under way', async () => {
    const fast = await runAll({ sliceBudgetMs: 50, nowMs: slowClock(20) });
    const disturbed = await runAll({ sliceBudgetMs: 50, nowMs: slowClock(20) }, (model) => model.pace(8));
    expect(disturbed.results).toEqual(fast.results);
    expect(disturbed.submits).toBeGreaterThan(fast.submits + 2 * fast.steps);
  });
});

/** Few layers and many rows, so that there is something to cut. */
const wide = {
  seed: 3,
  layerCount: 1,
  embeddingLength: 64,
  headCount: 4,
  keyValueHeadCount: 2,
  feedForwardLength: 320,
  vocabularySize: 700,
  contextLength: 100,
  isTied: false,
  typeOf: () => 'Q8_0' as const,
} as const;

describe('a matrix that takes too long by itself', () => {
  it('is cut by rows, finer until it fits, for the same tokens and logits', async () => {
    const { bytes: content } = randomModel(wide);
    const promptTokens = Array.from({ length: 40 }, () => pick(random, 700));
    const request = { promptTokens, maxTokens: 12, sampling: { temperature: 0.8, seed: 2, ...endless } };
    const results = [];
    const dispatches = [];
    for (const options of [
      { sliceBudgetMs: Infinity },
      { sliceBudgetMs: 8, cutsRows: true, nowMs: slowClock(20) },
      { sliceBudgetMs: 8, cutsRows: true, nowMs: slowClock(200) },
      // Nobody asked for it.
      { sliceBudgetMs: 8, nowMs: slowClock(200) },
    ]) {
      const model = await load(options, content);
      const session = await model.openGeneration(request);
      const { tokens } = await session.next(12);
      session.destroy();
      results.push({ tokens, logits: await model.logits(promptTokens), scores: await model.score(promptTokens) });
      dispatches.push((await model.counters()).dispatchesPerToken);
    }
    for (const result of results) expect(result).toEqual(results[0]);
    const [whole = 0, cut = 0, cutFinely = 0, unasked] = dispatches;
    expect(cut).toBeGreaterThan(whole);
    expect(cutFinely).toBeGreaterThan(cut);
    expect(unasked).toBe(whole);
  });

  it('is left alone while eight batches have not shown it, and where one of them fitted', () => {
    const budget = new SliceBudget(8, { tileTokens: 32, largestChunk: 128, attentionPerPosition: 0, layerCount: 1 });
    for (let batch = 0; batch < 7; batch++) budget.note('prompt', 32, 100);
    expect(budget.shortenBy('prompt', 0.5)).toBe(1);
    budget.note('prompt', 32, 15);
    // Half of the best, 7.5 ms, fits.
    expect(budget.shortenBy('prompt', 0.5)).toBe(1);
    for (let batch = 0; batch < 8; batch++) budget.note('prompt', 32, 100);
    expect(budget.shortenBy('prompt', 0.5)).toBeCloseTo(50 / 6.4);
    expect(budget.shortenBy('prompt', 0.01)).toBe(1);
  });
});
