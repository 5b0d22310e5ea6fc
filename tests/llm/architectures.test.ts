import { describe, expect, it, vi } from 'vitest';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { getTestDevice } from '../gpu/test-device.ts';
import { createDeviceHost, measureCase, readGolden } from './architecture-oracle.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000 });

const golden = readGolden(ARCHITECTURE_CASES);

/**
 * Every architecture and every weight type once, a mixed file, and the ways of turning positions. All pairs are run by
 * `npm run test:oracle` and committed to bench/results/.
 */
const CHOSEN = [
  'llama Q4_K and Q6_K in one file',
  'llama Q8_0',
  'llama with rope factors',
  'qwen2 Q4_1',
  'qwen2 with YaRN',
  'qwen3 Q3_K',
  'qwen3 Q5_0',
  'gemma2 Q5_1',
  'gemma2 F16',
  'gemma3 BF16',
  'gemma3 Q5_K',
  'phi3 Q2_K',
  'phi3 with long factors',
];

describe('a model of every architecture', () => {
  it.each(CHOSEN)("gives llama.cpp's log-probabilities: %s", async (title) => {
    const shape = ARCHITECTURE_CASES.find((entry) => entry.title === title);
    const expected = golden.get(title);
    if (shape === undefined || expected === undefined) throw new Error(`no case ${title}`);
    const figures = await measureCase(createDeviceHost(await getTestDevice()), shape, expected, 2);
    console.log(JSON.stringify(figures));
    expect(figures.nmse).toBeLessThan(1e-4);
    expect(figures.kl).toBeLessThan(1e-4);
    expect(figures.clearPositions).toBeGreaterThan(5);
    expect([figures.wrongTop, figures.wrongDecoded]).toEqual([0, 0]);
  });
});
