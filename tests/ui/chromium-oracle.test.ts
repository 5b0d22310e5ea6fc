import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { measureCase, readGolden } from '../llm/architecture-oracle.ts';
import { measureInt8, MOST_TIMES, readInt8Cases } from '../llm/int8-oracle.ts';
import { createChromiumHost, openChromiumAdapter } from './chromium-oracle-host.ts';
import { openWorkerBrowser, type WorkerBrowser } from './worker-browser.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const golden = readGolden(ARCHITECTURE_CASES);

/**
 * The families that differ most, in few cases: Chromium's software adapter takes seconds to compile each. All pairs are run by
 * `npm run test:oracle -- --host chromium` and committed to bench/results/.
 */
const CHOSEN = ['llama Q8_0', 'qwen2 Q4_1', 'gemma3 BF16', 'phi3 Q4_0'];

let browser: WorkerBrowser;
beforeAll(async () => {
  browser = await openWorkerBrowser();
  await openChromiumAdapter(browser.page);
});
afterAll(() => browser?.close());

describe('models of unlike architectures, in Chromium', () => {
  it.each(CHOSEN)("gives llama.cpp's log-probabilities: %s", async (title) => {
    const shape = ARCHITECTURE_CASES.find((entry) => entry.title === title);
    const expected = golden.get(title);
    if (shape === undefined || expected === undefined) throw new Error(`no case ${title}`);
    const figures = await measureCase(createChromiumHost(browser.page), shape, expected, 1);
    console.log(JSON.stringify(figures));
    expect(figures.nmse).toBeLessThan(1e-4);
    expect(figures.kl).toBeLessThan(1e-4);
    expect(figures.clearPositions).toBeGreaterThan(5);
    expect([figures.wrongTop, figures.wrongDecoded]).toEqual([0, 0]);
  });

  it('is decoded in eight bits there too: phi3 Q4_0, off by at most twice what the rounding of llama.cpp costs', async () => {
    const entry = readInt8Cases().find(({ shape }) => shape.title === 'phi3 Q4_0');
    if (entry === undefined) throw new Error('no case phi3 Q4_0');
    const figures = await measureInt8((load) => createChromiumHost(browser.page, load), entry, 1);
    console.log(JSON.stringify(figures));
    expect(figures.times.nmse).toBeLessThan(MOST_TIMES);
    expect(figures.times.kl).toBeLessThan(MOST_TIMES);
  });
});
