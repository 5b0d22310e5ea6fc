import { describe, expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel } from '../../worker/llm/index.ts';
import { randomModel, type RandomModelOptions } from '../fixtures/llm/random-model.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import { normalisedError } from '../gpu/reference/compare.ts';
import type { GgmlTypeName } from '../gpu/reference/dequantise.ts';
import { forward } from '../gpu/reference/llama-forward.ts';
import { getTestDevice } from '../gpu/test-device.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000 });

const small = {
  seed: 1,
  layerCount: 2,
  embeddingLength: 64,
  headCount: 4,
  keyValueHeadCount: 2,
  feedForwardLength: 96,
  vocabularySize: 67,
  contextLength: 80,
  isTied: true,
} as const;

const MIXED: readonly GgmlTypeName[] = ['Q8_0', 'Q4_0', 'F16', 'F32'];

/** A type per matrix that makes q, k, v and gate, up all differ. */
function mixedType(name: string): GgmlTypeName {
  const order = ['token_embd', 'attn_q', 'attn_k', 'attn_v', 'attn_output', 'ffn_gate', 'ffn_up', 'ffn_down', 'output'];
  const part = name.split('.').at(-1) ?? name;
  return MIXED[order.indexOf(part) % MIXED.length] ?? 'F32';
}

const CASES: readonly (RandomModelOptions & { readonly title: string })[] = [
  { ...small, title: 'F32, tied', typeOf: () => 'F32' },
  { ...small, title: 'F16, untied', seed: 2, isTied: false, typeOf: () => 'F16' },
  { ...small, title: 'Q8_0, untied', seed: 3, isTied: false, typeOf: () => 'Q8_0' },
  { ...small, title: 'Q4_0, tied', seed: 4, typeOf: () => 'Q4_0' },
  { ...small, title: 'every type in one file', seed: 5, isTied: false, typeOf: mixedType },
  {
    ...small,
    title: 'one head shared by eight, head length 24, rope on 16 of it, rope factors',
    seed: 6,
    headCount: 8,
    keyValueHeadCount: 1,
    headLength: 24,
    ropeDimensions: 16,
    hasRopeFactors: true,
    typeOf: (name) => (name.endsWith('attn_q') || name.endsWith('attn_output') ? 'Q8_0' : 'F16'),
  },
  {
    ...small,
    title: 'odd sizes: embedding 54, heads of 18, feed-forward 31',
    seed: 7,
    embeddingLength: 54,
    headCount: 3,
    keyValueHeadCount: 3,
    feedForwardLength: 31,
    vocabularySize: 41,
    typeOf: (name) => (name.endsWith('ffn_down') ? 'F16' : 'F32'),
  },
  {
    ...small,
    title: 'an odd number of blocks in a row, one layer, heads of 2',
    seed: 8,
    layerCount: 1,
    embeddingLength: 96,
    headCount: 48,
    keyValueHeadCount: 12,
    feedForwardLength: 32,
    typeOf: (name) => (name.endsWith('attn_v') ? 'Q4_0' : 'Q8_0'),
  },
];

describe('a model with random weights', () => {
  it.each(CASES)('gives the logits of the float64 reference: $title', async (options) => {
    const { bytes, reference } = randomModel(options);
    const model = await loadModel(await getTestDevice(), createMemorySource(bytes), { cacheType: 'f32' });
    const random = createRandom(options.seed + 100);
    // 37 tokens: one whole scoring chunk and a part.
    const tokens = Array.from({ length: 37 }, () => pick(random, options.vocabularySize));
    const expected = forward(reference, tokens);
    const logits = await model.logits(tokens);
    const errors = expected.map((row, index) =>
      normalisedError(logits.subarray(index * row.length, (index + 1) * row.length), row),
    );
    expect(Math.max(...errors)).toBeLessThan(1e-9);

    // Decoding one token at a time walks other kernels than the batch: greedy tokens must be the reference's.
    const sampling = { temperature: 0, seed: 0 };
    const session = await model.openGeneration({ promptTokens: tokens.slice(0, 5), maxTokens: 8, sampling });
    const { tokens: answer } = await session.next(8);
    session.destroy();
    const sequence = [...tokens.slice(0, 5), ...answer];
    const gaps = forward(reference, sequence)
      .slice(4, -1)
      .map((row, index) => Math.max(...row) - (row[sequence[index + 5] ?? -1] ?? -Infinity));
    expect(answer).toHaveLength(8);
    expect(Math.max(...gaps)).toBeLessThan(1e-4);
    model.destroy();
  });
});
