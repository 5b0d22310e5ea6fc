import { afterEach, expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { createSubmitTimer, type SubmitTimer } from '../../worker/gpu/autotune/submit-timer.ts';
import { defaultTuner, MeasuringTuner, setTuner } from '../../worker/gpu/autotune/tuner.ts';
import { override } from '../../worker/gpu/profile/override.ts';
import { allocationLedgerOf } from '../../worker/gpu/allocation-ledger.ts';
import { loadModel } from '../../worker/llm/index.ts';
import type { TuningRecord } from '../../worker/messages.ts';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { writeGguf } from '../fixtures/llm/gguf-writer.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import { getTestDevice } from '../gpu/test-device.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000 });

afterEach(async () => setTuner(await getTestDevice(), defaultTuner));

const random = createRandom(8);
const tokens = Array.from({ length: 70 }, () => pick(random, 61));

/** A device on which the large tile and the small one take what is said. */
async function tuneWith(costsMs: Readonly<Record<'large' | 'small', number>>): Promise<TuningRecord[]> {
  const device = await getTestDevice();
  const records: TuningRecord[] = [];
  const real = createSubmitTimer(device, () => 0);
  const timer: SubmitTimer = {
    async time(record) {
      let spentMs = 0;
      await real.time((pass) =>
        record(
          override(pass, {
            dispatchWorkgroups(x, y = 1) {
              // A chunk of 128 tokens in tiles of 64, or of 32.
              spentMs += costsMs[y === 2 ? 'large' : 'small'];
              pass.dispatchWorkgroups(x, y);
            },
          }),
        ),
      );
      return spentMs;
    },
  };
  const onChange = (all: readonly TuningRecord[]): void => {
    records.splice(0, records.length, ...all);
  };
  setTuner(device, new MeasuringTuner({ device, adapterKey: 'test', records: [], onChange, nowMs: () => 0, timer }));
  return records;
}

async function embedding(title: string): Promise<Float32Array> {
  const found = ARCHITECTURE_CASES.find((entry) => entry.title === title);
  if (found === undefined) throw new Error(`no case ${title}`);
  const device = await getTestDevice();
  const { liveBytes } = allocationLedgerOf(device).counts;
  const model = await loadModel(device, createMemorySource(writeGguf(randomArchitecture(found.options).file)));
  const session = await model.openGeneration({
    promptTokens: tokens,
    maxTokens: 1,
    sampling: { temperature: 0, seed: 0 },
  });
  session.destroy();
  const result = await model.embed(tokens, 'mean');
  model.destroy();
  expect(allocationLedgerOf(device).counts.liveBytes).toBe(liveBytes);
  return result;
}

it('takes the tile that is measured to be faster, for the same bytes, and leaves nothing behind', async () => {
  const byDefault = await embedding('llama F32');
  for (const [costsMs, tile] of [
    [{ large: 5, small: 6 }, 'large'],
    [{ large: 6, small: 5 }, 'small'],
  ] as const) {
    const records = await tuneWith(costsMs);
    expect(await embedding('llama F32')).toEqual(byDefault);
    expect(records.length).toBeGreaterThan(3);
    expect(new Set(records.map(({ choice }) => choice))).toEqual(new Set([tile]));
    expect(records[0]?.key).toMatch(/^llm\.matrix-matrix\.tile\|F32 \d+x\d+\|test\|[0-9a-f]{16}$/);
  }
});
