import { expect, it, vi } from 'vitest';
import { indexOfHighest, logSoftmax, normalisedError } from '../gpu/reference/compare.ts';
import { loadEmbeddedModel, readFixture, readJsonFixture } from './embedded-model.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000 });

/** Made by bench/llm-oracle with llama.cpp on the same weights dequantised to F32. */
interface Golden {
  readonly full: readonly { readonly text: string; readonly tokens: number[] }[];
  readonly top: readonly {
    readonly text: string;
    readonly tokens: number[];
    readonly best: readonly (readonly [id: number, logProbability: number])[][];
  }[];
}

const golden = readJsonFixture('golden-logits.json') as Golden;

it("agrees with llama.cpp on the embedded model's log-probabilities, and on the best token where the choice is clear", async () => {
  const model = await loadEmbeddedModel();
  const { vocabularySize } = model.description;
  const fullRows = new Float32Array(readFixture('golden-log-probabilities.f32').buffer);
  let error = 0;
  let power = 0;
  let clear = 0;
  let fullOffset = 0;
  const wrong: string[] = [];
  const compareTop = (text: string, position: number, row: Float64Array, first: number, gap: number) => {
    if (gap <= 0.1) return;
    clear += 1;
    if (indexOfHighest(row) !== first) wrong.push(`${text} @${position}`);
  };

  for (const { text, tokens } of golden.full) {
    const logits = await model.logits(tokens);
    for (let position = 0; position < tokens.length; position++) {
      const row = logSoftmax(logits.subarray(position * vocabularySize, (position + 1) * vocabularySize));
      const expected = fullRows.subarray(fullOffset, (fullOffset += vocabularySize));
      error += row.reduce((sum, value, index) => sum + (value - (expected[index] ?? NaN)) ** 2, 0);
      power += expected.reduce((sum, value) => sum + value * value, 0);
      const first = indexOfHighest(expected);
      const second = expected.reduce(
        (best, value, index) => (index === first ? best : Math.max(best, value)),
        -Infinity,
      );
      compareTop(text, position, row, first, (expected[first] ?? 0) - second);
    }
  }
  const topErrors: number[] = [];
  for (const { text, tokens, best } of golden.top) {
    const logits = await model.logits(tokens);
    for (const [position, expected] of best.entries()) {
      const row = logSoftmax(logits.subarray(position * vocabularySize, (position + 1) * vocabularySize));
      topErrors.push(
        normalisedError(
          expected.map(([id]) => row[id] ?? NaN),
          expected.map(([, value]) => value),
        ),
      );
      const [first, second] = expected;
      compareTop(text, position, row, first?.[0] ?? -1, (first?.[1] ?? 0) - (second?.[1] ?? 0));
    }
  }
  model.destroy();
  const figures = { nmse: error / power, worstTop8Nmse: Math.max(...topErrors), clearPositions: clear, wrong };
  console.log(`golden logits: ${JSON.stringify(figures)}`);
  expect(fullOffset).toBe(fullRows.length);
  expect(clear).toBeGreaterThan(150);
  expect(wrong).toEqual([]);
  expect(figures.nmse).toBeLessThan(1e-8);
  expect(figures.worstTop8Nmse).toBeLessThan(1e-6);
});
