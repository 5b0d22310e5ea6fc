import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readBuffer } from '../../../worker/gpu/buffers.ts';
import type { Kernel } from '../../../worker/llm/kernels/kernel.ts';
import { createLogProbability, logProbabilityBytes } from '../../../worker/llm/kernels/log-probability.ts';
import { createPoolHidden } from '../../../worker/llm/kernels/pool-hidden.ts';
import { createReplayGap } from '../../../worker/llm/kernels/replay-gap.ts';
import { createSampleFilter } from '../../../worker/llm/kernels/sample-filter.ts';
import { gumbelNoise } from '../../../worker/llm/sampling/counter-rng.ts';
import { adjustLogits, filterThreshold } from '../../../worker/llm/sampling/filter-logits.ts';
import { packSamplingRules, readSamplingRules } from '../../../worker/llm/sampling/sampling-rules.ts';
import { createRandom, normal, pick } from '../../fixtures/llm/random.ts';
import { logSoftmax, normalisedError } from '../reference/compare.ts';
import { rmsNorm } from '../reference/llama-forward.ts';
import { KernelBench, paddedRows } from './kernel-bench.ts';
import { samplingBuffers } from './sampling-buffers.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

/** Three rows of one sequence in slot 0 from position 10 on, with random logits. */
function sequence(vocabularySize: number, seed: number) {
  const [rowCount, position, capacity] = [3, 10, 16];
  const random = createRandom(seed);
  const logits = Float32Array.from({ length: rowCount * vocabularySize }, () => 2 * normal(random));
  const tokens = Array.from({ length: capacity }, () => pick(random, vocabularySize));
  const buffers = samplingBuffers(bench, { vocabularySize, rowCount, capacity });
  bench.device.queue.writeBuffer(buffers.logits, 0, logits);
  bench.write(buffers.tokens, 0, tokens);
  bench.write(buffers.rows, 0, [0, 10, 0, 11, 0, 12]);
  const row = (t: number) => logits.subarray(t * vocabularySize, (t + 1) * vocabularySize);
  return { buffers, tokens, rowCount, position, row };
}

describe('the replay gap', () => {
  it.each([
    ['greedy', { temperature: 0, seed: 5 }],
    ['with noise', { temperature: 0.7, seed: 5 }],
    ['with penalties', { temperature: 0.7, seed: 5, repetitionPenalty: 1.5, frequencyPenalty: 0.3 }],
  ])('is the best score minus that of the token that follows: %s', async (_title, parameters) => {
    const { buffers, tokens, rowCount, position, row } = sequence(301, 12);
    const rules = readSamplingRules(parameters, 301);
    bench.device.queue.writeBuffer(buffers.rules, 0, packSamplingRules(rules));
    const gaps = bench.empty('gaps', rowCount);
    const filter = await createSampleFilter(bench.cache, buffers);
    const gap = await createReplayGap(bench.cache, { ...buffers, gaps });
    const both: Kernel = { ...gap, run: (pass, count) => [filter, gap].forEach((kernel) => kernel.run(pass, count)) };
    const found = await bench.run(both, rowCount, gaps, rowCount);
    for (let t = 0; t < rowCount; t++) {
      const next = position + t + 1;
      const scores = adjustLogits(row(t), tokens.slice(0, next), rules).map((logit, id) =>
        rules.temperature === 0 ? logit : logit / rules.temperature + gumbelNoise(5, next, id),
      );
      expect(found[t]).toBeCloseTo(Math.max(...scores) - (scores[tokens[next] ?? 0] ?? NaN), 4);
    }
  });

  it('of a token that the rules leave out is at least its distance from the cut', async () => {
    const { buffers, tokens, rowCount, position, row } = sequence(301, 13);
    const rules = readSamplingRules({ temperature: 1, seed: 2, topK: 4 }, 301);
    bench.device.queue.writeBuffer(buffers.rules, 0, packSamplingRules(rules));
    const gaps = bench.empty('gaps', rowCount);
    const filter = await createSampleFilter(bench.cache, buffers);
    const gap = await createReplayGap(bench.cache, { ...buffers, gaps });
    const both: Kernel = { ...gap, run: (pass, count) => [filter, gap].forEach((kernel) => kernel.run(pass, count)) };
    const found = await bench.run(both, rowCount, gaps, rowCount);
    for (let t = 0; t < rowCount; t++) {
      const threshold = filterThreshold(row(t), rules);
      const distance = threshold - (row(t)[tokens[position + t + 1] ?? 0] ?? NaN);
      expect(found[t]).toBeGreaterThanOrEqual(Math.max(0, distance - 1.1e-3));
    }
  });
});

describe('log-probabilities', () => {
  it.each([
    ['following', 1],
    ['chosen', 0],
  ] as const)('of the %s token and the likeliest others are those of the softmax', async (target, offset) => {
    for (const vocabularySize of [7, 301]) {
      const { buffers, tokens, rowCount, position, row } = sequence(vocabularySize, vocabularySize);
      const result = bench.empty('result', (rowCount * logProbabilityBytes(5)) / 4);
      const kernel = await createLogProbability(bench.cache, target, { ...buffers, result });
      kernel.setAlternatives(5);
      const floats = await bench.run(kernel, rowCount, result, (rowCount * logProbabilityBytes(5)) / 4);
      const integers = new Uint32Array(await readBuffer(bench.device, result, rowCount * logProbabilityBytes(5)));
      for (let t = 0; t < rowCount; t++) {
        const expected = logSoftmax(row(t));
        const token = tokens[position + t + offset] ?? 0;
        const best = [...expected.keys()].toSorted((a, b) => (expected[b] ?? 0) - (expected[a] ?? 0)).slice(0, 5);
        expect(integers[t * 12]).toBe(token);
        expect(floats[t * 12 + 1]).toBeCloseTo(expected[token] ?? NaN, 4);
        best.forEach((id, place) => {
          expect(integers[t * 12 + 2 + 2 * place]).toBe(id);
          expect(floats[t * 12 + 3 + 2 * place]).toBeCloseTo(expected[id] ?? NaN, 4);
        });
      }
      kernel.destroy();
    }
  });
});

it('pools the normalised rows that count', async () => {
  const [rows, columns, stride, epsilon] = [5, 70, 96, 1e-5];
  const random = createRandom(3);
  const hidden = paddedRows(random, rows, columns, stride);
  const gain = paddedRows(random, 1, columns, stride);
  const pooled = bench.empty('pooled', columns);
  const kernel = await createPoolHidden(bench.cache, {
    columns,
    stride,
    hidden: bench.floats('hidden', hidden),
    normalisation: { gain: bench.floats('gain', gain), epsilon },
    pooled,
  });
  kernel.setRange(1, 3);
  const found = await bench.run(kernel, rows, pooled, columns);
  const expected = new Float64Array(columns);
  for (let row = 1; row < 4; row++) {
    const vector = Float64Array.from(hidden.subarray(row * stride, row * stride + columns));
    const normed = rmsNorm(vector, Float64Array.from(gain.subarray(0, columns)), epsilon);
    normed.forEach((value, column) => (expected[column] = (expected[column] ?? 0) + value));
  }
  expect(normalisedError(found, expected)).toBeLessThan(1e-10);
  kernel.destroy();
});
