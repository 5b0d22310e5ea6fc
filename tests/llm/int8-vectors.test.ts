import { expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel } from '../../worker/llm/index.ts';
import { randomModel, type RandomModelOptions } from '../fixtures/llm/random-model.ts';
import { normalisedError } from '../gpu/reference/compare.ts';
import { forward } from '../gpu/reference/llama-forward.ts';
import { getTestDevice } from '../gpu/test-device.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const OPTIONS: RandomModelOptions = {
  seed: 5,
  layerCount: 2,
  embeddingLength: 64,
  headCount: 4,
  keyValueHeadCount: 2,
  feedForwardLength: 96,
  vocabularySize: 97,
  contextLength: 64,
  isTied: false,
  typeOf: () => 'Q4_0',
};

const TOKENS = Array.from({ length: 21 }, (_, index) => (index * 31 + 7) % OPTIONS.vocabularySize);

it.each([
  { vectors: 'f32', least: 0, most: 1e-8 },
  { vectors: 'int8', least: 1e-7, most: 1e-3 },
] as const)('a model whose vectors are $vectors says so and is as exact as that', async ({ vectors, least, most }) => {
  const { bytes, reference } = randomModel(OPTIONS);
  const model = await loadModel(await getTestDevice(), createMemorySource(bytes), { vectors, cacheType: 'f32' });
  try {
    expect(model.description.vectors).toBe(vectors);
    const expected = forward(reference, TOKENS).flatMap((row) => [...row]);
    const error = normalisedError(await model.logits(TOKENS), expected);
    expect(error).toBeGreaterThan(least);
    expect(error).toBeLessThan(most);
  } finally {
    model.destroy();
  }
});

it('a token read by itself has the bits that it has among others, in every layer', async () => {
  const { bytes } = randomModel(OPTIONS);
  const model = await loadModel(await getTestDevice(), createMemorySource(bytes), { vectors: 'int8' });
  try {
    // Sixteen rows at a time: the last of seventeen is alone, and has four beside it where the text goes on.
    const alone = (await model.logits(TOKENS.slice(0, 17))).slice(16 * OPTIONS.vocabularySize);
    const among = (await model.logits(TOKENS)).slice(16 * OPTIONS.vocabularySize, 17 * OPTIONS.vocabularySize);
    expect(alone).toEqual(among);
  } finally {
    model.destroy();
  }
});

it.each(['f32', 'f16', 'q8_0'] as const)(
  'an answer in eight bits is checked in eight bits, beside a cache of %s: its tokens are to the last bit the choice',
  async (cacheType) => {
    const { bytes } = randomModel(OPTIONS);
    const model = await loadModel(await getTestDevice(), createMemorySource(bytes), { vectors: 'int8', cacheType });
    try {
      const sampling = { temperature: 1.5, seed: 3 };
      const session = await model.openGeneration({ promptTokens: TOKENS, maxTokens: 20, sampling });
      const { tokens } = await session.next(20);
      session.destroy();
      const { gaps } = await model.replay(TOKENS, tokens, sampling);
      expect(gaps).toEqual(tokens.map(() => 0));
    } finally {
      model.destroy();
    }
  },
);

it('another word for vectors is refused with those that there are', async () => {
  const { bytes } = randomModel(OPTIONS);
  const options = { vectors: 'int4' as 'int8' };
  await expect(loadModel(await getTestDevice(), createMemorySource(bytes), options)).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    message: 'vectors is int4; it can be f32, int8',
  });
});
