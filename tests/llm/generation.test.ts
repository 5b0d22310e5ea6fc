import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel, type LanguageModel } from '../../worker/llm/index.ts';
import { counterHash, gumbelNoise } from '../../worker/llm/sampling/counter-rng.ts';
import { indexOfHighest } from '../gpu/reference/compare.ts';
import { getTestDevice } from '../gpu/test-device.ts';
import { embeddedModelBytes, loadEmbeddedModel } from './embedded-model.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const PROMPT = 'The Congress should';
const greedy = { temperature: 0, seed: 0 };
const warm = { temperature: 0.9, seed: 42 };

let model: LanguageModel;
let promptTokens: number[];
beforeAll(async () => {
  model = await loadEmbeddedModel();
  promptTokens = model.tokenizer.encode(PROMPT, { addBos: true });
});
afterAll(() => model.destroy());

async function generate(
  tokens: readonly number[],
  count: number,
  sampling: { temperature: number; seed: number },
  step = count,
): Promise<{ tokens: number[]; text: string; finished: string | null }> {
  const session = await model.openGeneration({ promptTokens: tokens, maxTokens: count, sampling });
  const all = { tokens: [] as number[], text: '', finished: null as string | null };
  while (all.finished === null) {
    const chunk = await session.next(step);
    all.tokens.push(...chunk.tokens);
    all.text += chunk.text;
    all.finished = chunk.finished;
  }
  session.destroy();
  return all;
}

describe('a generation', () => {
  it('continues a prompt with whole sentences, the same ones on every adapter', async () => {
    const answer = await generate(promptTokens, 16, greedy);
    expect(answer.text).toBe(
      ' be able to deal with the question of the most important question of the public interest',
    );
    expect(answer.finished).toBe('length');
    expect(model.tokenizer.decode(answer.tokens)).toBe(answer.text);
  });

  it.each([greedy, warm])(
    'gives the same tokens whether asked for one at a time or all at once: %o',
    async (sampling) => {
      const whole = await generate(promptTokens, 8, sampling);
      const piecewise = await generate(promptTokens, 8, sampling, 1);
      const uneven = await generate(promptTokens, 8, sampling, 3);
      expect(piecewise).toEqual(whole);
      expect(uneven).toEqual(whole);
    },
  );

  it.each([greedy, warm])('goes on with the same tokens after moving elsewhere: %o', async (sampling) => {
    const whole = await generate(promptTokens, 12, sampling);
    const begun = whole.tokens.slice(0, 7);
    const elsewhere = await generate([...promptTokens, ...begun], 5, sampling);
    expect([...begun, ...elsewhere.tokens]).toEqual(whole.tokens);
  });

  it('draws other tokens with another seed, and with the noise the CPU computes', async () => {
    const answers = await Promise.all([1, 2].map((seed) => generate(promptTokens, 6, { temperature: 1, seed })));
    expect(answers[0]?.tokens).not.toEqual(answers[1]?.tokens);
    const sequence = [...promptTokens, ...(answers[0]?.tokens ?? [])];
    const logits = await model.logits(sequence);
    const { vocabularySize } = model.description;
    const chosen = sequence.slice(promptTokens.length).map((_, index) => {
      const position = promptTokens.length + index;
      const row = logits.subarray((position - 1) * vocabularySize, position * vocabularySize);
      return indexOfHighest(row.map((logit, token) => logit + gumbelNoise(1, position, token)));
    });
    expect(chosen).toEqual(answers[0]?.tokens);
  });

  it('keeps two answers apart that are written in turns', async () => {
    const alone = await Promise.all([generate(promptTokens, 6, greedy), generate(promptTokens, 6, warm)]);
    const sessions = await Promise.all(
      [greedy, warm].map((sampling) => model.openGeneration({ promptTokens, maxTokens: 6, sampling })),
    );
    const tokens: number[][] = [[], []];
    for (let turn = 0; turn < 3; turn++) {
      const chunks = await Promise.all(sessions.map((session) => session.next(2)));
      chunks.forEach((chunk, index) => tokens[index]?.push(...chunk.tokens));
    }
    for (const session of sessions) session.destroy();
    expect(tokens).toEqual(alone.map((answer) => answer.tokens));
  });

  it('stops at the end of the context and says so', async () => {
    // A short context: what is proven is its end, not the prefill before it.
    const short = await loadModel(await getTestDevice(), createMemorySource(embeddedModelBytes()), {
      contextLength: 16,
    });
    const prompt = Array.from({ length: 13 }, (_, index) => 300 + index);
    const session = await short.openGeneration({ promptTokens: prompt, maxTokens: 100, sampling: greedy });
    const answer = await session.next(16);
    session.destroy();
    short.destroy();
    expect(answer.tokens).toHaveLength(3);
    expect(answer.finished).toBe('length');
  });

  it('ends with the stop token, which is counted but not printed', async () => {
    const whole = await generate(promptTokens, 12, greedy);
    const stop = whole.tokens[6] ?? 0;
    const end = whole.tokens.indexOf(stop);
    // The same file, with the token it is about to write declared the end of an answer.
    const bytes = embeddedModelBytes();
    const key = 'tokenizer.ggml.eos_token_id';
    const at = new TextDecoder('latin1').decode(bytes.subarray(0, 1_100_000)).indexOf(key);
    new DataView(bytes.buffer).setUint32(at + key.length + 4, stop, true);
    const stopping = await loadModel(await getTestDevice(), createMemorySource(bytes));
    const session = await stopping.openGeneration({ promptTokens, maxTokens: 12, sampling: greedy });
    const chunk = await session.next(12);
    session.destroy();
    expect(chunk).toEqual({
      tokens: whole.tokens.slice(0, end + 1),
      text: stopping.tokenizer.decode(whole.tokens.slice(0, end)),
      finished: 'stop',
    });
    stopping.destroy();
  });

  it('creates no buffer and no bind group per token, and at most 8 dispatches a layer and 6 a token', async () => {
    const device = await getTestDevice();
    // Without a limit of time, by which a slow adapter's steps are cut into several submits.
    const whole = await loadModel(device, createMemorySource(embeddedModelBytes()), { sliceBudgetMs: Infinity });
    const session = await whole.openGeneration({ promptTokens, maxTokens: 8, sampling: greedy });
    const buffers = vi.spyOn(device, 'createBuffer');
    const groups = vi.spyOn(device, 'createBindGroup');
    const submits = vi.spyOn(device.queue, 'submit');
    await session.next(8);
    const counted = [buffers.mock.calls.length, groups.mock.calls.length, submits.mock.calls.length];
    vi.restoreAllMocks();
    session.destroy();
    const { dispatchesPerToken, weightBytesPerToken } = await whole.counters();
    whole.destroy();
    expect(counted).toEqual([0, 0, 8]);
    expect(dispatchesPerToken).toBe(6 * model.description.layerCount + 4);
    expect(weightBytesPerToken).toBe(model.description.weightBytes);
  });

  it('answers nothing more once finished, and refuses once closed', async () => {
    const session = await model.openGeneration({ promptTokens, maxTokens: 2, sampling: greedy });
    expect((await session.next(5)).finished).toBe('length');
    expect(await session.next(5)).toEqual({ tokens: [], text: '', finished: 'length' });
    session.destroy();
    await expect(session.next(1)).rejects.toMatchObject({ code: 'SESSION_CLOSED' });
  });

  it.each([
    ['an empty prompt', { promptTokens: [], maxTokens: 1, sampling: greedy }, 'EMPTY_PROMPT', '0'],
    [
      'a token past the vocabulary',
      { promptTokens: [4096], maxTokens: 1, sampling: greedy },
      'TOKEN_OUT_OF_RANGE',
      '4096',
    ],
    ['a negative token', { promptTokens: [-1], maxTokens: 1, sampling: greedy }, 'TOKEN_OUT_OF_RANGE', '-1'],
    ['a fractional token', { promptTokens: [1.5], maxTokens: 1, sampling: greedy }, 'TOKEN_OUT_OF_RANGE', '1.5'],
    [
      'a prompt that fills the context',
      { promptTokens: Array.from({ length: 256 }, () => 5), maxTokens: 1, sampling: greedy },
      'CONTEXT_FULL',
      '256',
    ],
    ['no tokens wanted', { promptTokens: [5], maxTokens: 0, sampling: greedy }, 'INVALID_PARAMETER', '0'],
    [
      'a negative temperature',
      { promptTokens: [5], maxTokens: 1, sampling: { temperature: -1, seed: 0 } },
      'INVALID_PARAMETER',
      '-1',
    ],
    [
      'a seed past 32 bits',
      { promptTokens: [5], maxTokens: 1, sampling: { temperature: 1, seed: 2 ** 32 } },
      'INVALID_PARAMETER',
      '4294967296',
    ],
  ])('is refused for %s, with the value in the message', async (_title, request, code, value) => {
    const refusal = model.openGeneration(request);
    await expect(refusal).rejects.toMatchObject({ code, message: expect.stringContaining(value) });
  });
});

describe('a replay', () => {
  it.each([greedy, warm])('finds no gap in an honest answer: %o', async (sampling) => {
    const { tokens } = await generate(promptTokens, 20, sampling);
    const { gaps } = await model.replay(promptTokens, tokens, sampling);
    expect(gaps).toHaveLength(20);
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...gaps)).toBeLessThan(1e-3);
  });

  it('finds the token that was exchanged, and an answer drawn with another seed', async () => {
    const { tokens } = await generate(promptTokens, 20, warm);
    const forged = tokens.with(10, (tokens[10] ?? 0) ^ 1);
    const { gaps } = await model.replay(promptTokens, forged, warm);
    expect(gaps.findIndex((gap) => gap > 0.01)).toBe(10);
    const other = await model.replay(promptTokens, tokens, { ...warm, seed: 43 });
    expect(other.gaps.filter((gap) => gap > 0.01).length).toBeGreaterThan(10);
  });

  it('computes each gap as best score minus score, over a prompt longer than one chunk', async () => {
    const prompt = Array.from({ length: 141 }, (_, index) => 1 + ((index * 37) % 4000));
    const output = [17, 1000, 4095, 3];
    const sampling = { temperature: 0.7, seed: 9 };
    const { gaps } = await model.replay(prompt, output, sampling);
    const sequence = [...prompt, ...output];
    const logits = await model.logits(sequence);
    const { vocabularySize } = model.description;
    const expected = output.map((token, index) => {
      const position = prompt.length + index;
      const row = logits.subarray((position - 1) * vocabularySize, position * vocabularySize);
      const scores = Array.from(row, (logit, id) => logit / 0.7 + gumbelNoise(9, position, id));
      return Math.max(...scores) - (scores[token] ?? NaN);
    });
    gaps.forEach((gap, index) => expect(gap).toBeCloseTo(expected[index] ?? NaN, 3));
  });

  it('accepts an empty output and refuses one past the context', async () => {
    expect(await model.replay(promptTokens, [], greedy)).toEqual({ gaps: [] });
    const long = Array.from({ length: 256 }, () => 5);
    await expect(model.replay(promptTokens, long, greedy)).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
  });
});

describe('the sampling noise', () => {
  it('is a hash of its three counters without visible bias', () => {
    const bits = new Float64Array(32);
    const count = 20_000;
    for (let index = 0; index < count; index++) {
      const hash = counterHash(7, index % 100, Math.floor(index / 100));
      for (let bit = 0; bit < 32; bit++) bits[bit] = (bits[bit] ?? 0) + ((hash >>> bit) & 1);
    }
    // Six standard deviations of a fair coin.
    for (const ones of bits) expect(Math.abs(ones - count / 2)).toBeLessThan(3 * Math.sqrt(count));
    const noise = Array.from({ length: count }, (_, token) => gumbelNoise(3, 11, token));
    const mean = noise.reduce((sum, value) => sum + value, 0) / count;
    expect(mean).toBeCloseTo(0.5772, 1);
  });
});

describe('loading', () => {
  it('reads ranges of at most 4 MiB, and never a byte past the end', async () => {
    const bytes = embeddedModelBytes();
    const memory = createMemorySource(bytes);
    const reads: number[] = [];
    const source = {
      ...memory,
      read: (offset: number, length: number) => {
        reads.push(length);
        return memory.read(offset, length);
      },
    };
    const device = await getTestDevice();
    const bounded = await loadModel(device, source, { contextLength: 32 });
    expect(bounded.description.contextLength).toBe(32);
    await expect(bounded.logits(Array.from({ length: 33 }, () => 1))).rejects.toMatchObject({ code: 'CONTEXT_FULL' });
    bounded.destroy();
    expect(Math.max(...reads)).toBeLessThanOrEqual(4 * 1024 * 1024);
    await expect(loadModel(device, memory, { contextLength: 0 })).rejects.toMatchObject({ code: 'INVALID_PARAMETER' });
  });

  it('describes the model', () => {
    expect(model.description).toMatchObject({
      name: 'Hearth tiny orator',
      architecture: 'llama',
      parameterCount: 4_196_608,
      layerCount: 4,
      embeddingLength: 256,
      headCount: 8,
      keyValueHeadCount: 4,
      feedForwardLength: 768,
      vocabularySize: 4096,
      contextLength: 256,
      tensorTypes: { Q8_0: 29, F32: 9 },
      weightBytes: 4_465_664,
      bosToken: 0,
      eosToken: 0,
      chatTemplate: "{% for m in messages %}{% if m['role'] == 'user' %}{{ m['content'] }}{% endif %}{% endfor %}",
    });
  });
});
