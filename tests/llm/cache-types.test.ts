import { expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { CACHE_TYPES } from '../../worker/llm/cache/cache-type.ts';
import { loadModel } from '../../worker/llm/index.ts';
import { gapTolerance } from '../../main/requester/check/tolerance.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import { randomModel } from '../fixtures/llm/random-model.ts';
import { normalisedError } from '../gpu/reference/compare.ts';
import { forward } from '../gpu/reference/llama-forward.ts';
import { getTestDevice } from '../gpu/test-device.ts';

vi.setConfig({ testTimeout: 300_000 });

/** Normalised error of the logits against float64: rounding of the cache, grown by the layers behind it. */
const bounds = { f32: 1e-9, f16: 1e-6, q8_0: 1e-3 };

const shape = {
  seed: 5,
  layerCount: 2,
  embeddingLength: 192,
  headCount: 6,
  keyValueHeadCount: 2,
  feedForwardLength: 128,
  vocabularySize: 211,
  contextLength: 160,
  isTied: false,
  typeOf: () => 'Q8_0' as const,
} as const;

it.each(CACHE_TYPES)('a model with its cache in %s is itself within what the format rounds', async (cacheType) => {
  const { bytes, reference } = randomModel(shape);
  const model = await loadModel(await getTestDevice(), createMemorySource(bytes), { cacheType });
  try {
    expect(model.description.cacheType).toBe(cacheType);
    const headBytes = { f32: 128, f16: 64, q8_0: 36 }[cacheType];
    expect((await model.counters()).cacheBytes).toBe(2 * 2 * 160 * 2 * headBytes);
    expect(model.cacheBytesRead(100)).toBe(2 * 2 * 100 * 2 * headBytes);

    const random = createRandom(9);
    const tokens = Array.from({ length: 70 }, () => pick(random, shape.vocabularySize));
    const error = normalisedError(
      await model.logits(tokens),
      forward(reference, tokens).flatMap((row) => [...row]),
    );
    expect(error).toBeLessThan(bounds[cacheType]);

    // What it says token by token it says again when it is checked, within what a check allows.
    const sampling = { temperature: 0.8, seed: 4 };
    const session = await model.openGeneration({ promptTokens: tokens, maxTokens: 60, sampling });
    const answer = (await session.next(60)).tokens;
    session.destroy();
    const { gaps } = await model.replay(tokens, answer, sampling);
    expect(gaps).toHaveLength(answer.length);
    if (cacheType !== 'q8_0') expect(Math.max(...gaps) * 0.8).toBeLessThan(gapTolerance[cacheType]);
  } finally {
    model.destroy();
  }
});

it('a cache of no known type is refused by name', async () => {
  const loading = loadModel(await getTestDevice(), createMemorySource(randomModel(shape).bytes), {
    cacheType: 'q4_0' as 'f16',
  });
  await expect(loading).rejects.toMatchObject({
    code: 'INVALID_PARAMETER',
    message: 'cacheType is q4_0; it must be one of f32, f16, q8_0',
  });
});
