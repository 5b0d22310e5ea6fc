import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it, vi } from 'vitest';
import { getTestDevice } from '../gpu/test-device.ts';
import { createDeviceHost } from './architecture-oracle.ts';
import { type Int8Figures, measureInt8, MOST_TIMES, readInt8Cases } from './int8-oracle.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000 });

/**
 * A kind of each type, and the models that were furthest from llama.cpp with one scale for 32 numbers: phi3 Q4_0 and the third of qwen2 Q4_0. All
 * models are run by `npm run test:oracle:int8` and committed to bench/results/.
 */
const CHOSEN = [
  { title: 'phi3 Q4_0', index: 0 },
  { title: 'qwen2 Q4_0', index: 2 },
  { title: 'gemma3 Q8_0', index: 0 },
  { title: 'gemma2 Q5_1', index: 0 },
  { title: 'llama Q4_K and Q6_K in one file', index: 0 },
];

const cases = readInt8Cases();

describe('a model decoded in eight bits', () => {
  it.each(CHOSEN)("is off by at most twice what llama.cpp's rounding costs: $title, $index", async (chosen) => {
    const entry = cases.filter(({ shape }) => shape.title === chosen.title)[chosen.index];
    if (entry === undefined) throw new Error(`no model ${chosen.index} of ${chosen.title}`);
    const device = await getTestDevice();
    const figures = await measureInt8((load) => createDeviceHost(device, load), entry, 2);
    console.log(JSON.stringify(figures));
    expect(figures.times.nmse).toBeLessThan(MOST_TIMES);
    expect(figures.times.kl).toBeLessThan(MOST_TIMES);
    expect(figures.wrongTop).toBeLessThanOrEqual(1);
  });
});

const results = new URL('../../bench/results/', import.meta.url);

it.each(readdirSync(results).filter((name) => name.startsWith('llm-int8-vectors-')))(
  'the committed figures hold it for every single model: %s',
  (name) => {
    const { passes, figures } = JSON.parse(readFileSync(new URL(name, results), 'utf8')) as {
      passes: boolean;
      figures: Int8Figures[];
    };
    expect(passes).toBe(true);
    expect(figures.length).toBeGreaterThanOrEqual(50);
    for (const { title, times } of figures) {
      expect(Math.max(times.nmse, times.kl), title).toBeLessThanOrEqual(MOST_TIMES);
    }
  },
);
