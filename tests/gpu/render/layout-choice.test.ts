import { afterEach, beforeAll, expect, test } from 'vitest';
import { createSubmitTimer } from '../../../worker/gpu/autotune/submit-timer.ts';
import { defaultTuner, MeasuringTuner, setTuner } from '../../../worker/gpu/autotune/tuner.ts';
import type { TuningRecord } from '../../../worker/messages.ts';
import { chooseLayout } from '../../../worker/render/layout-choice.ts';
import { getTestDevice } from '../test-device.ts';

let device: GPUDevice;
beforeAll(async () => {
  device = await getTestDevice();
});
afterEach(() => setTuner(device, defaultTuner));

/** Both are run once to compare their answers and the first once to find the repeats; from then on they take turns. */
function measureBy(
  twoWideMs: number,
  fourWideMs: number,
): { records: () => readonly TuningRecord[]; runs: () => number } {
  const real = createSubmitTimer(device, () => 0);
  let records: readonly TuningRecord[] = [];
  let runs = 0;
  setTuner(
    device,
    new MeasuringTuner({
      device,
      adapterKey: 'test',
      records,
      onChange: (all) => {
        records = all;
      },
      nowMs: () => 0,
      timer: {
        async time(record) {
          await real.time(record);
          runs += 1;
          return runs <= 3 || runs % 2 === 0 ? twoWideMs : fourWideMs;
        },
      },
    }),
  );
  return { records: () => records, runs: () => runs };
}

test('without a tuner the two-wide tree is taken and nothing is measured', async () => {
  expect((await chooseLayout(device)).name).toBe('bvh2');
});

test.each([
  ['four-wide', 5, 3, 'bvh4'],
  ['two-wide', 5, 6, 'bvh2'],
])(
  'where the %s tree traces its rays faster, it is taken, after its hits were compared, and measured once',
  async (_name, twoWideMs, fourWideMs, expected) => {
    const measured = measureBy(twoWideMs, fourWideMs);
    expect((await chooseLayout(device)).name).toBe(expected);
    expect(measured.records()).toMatchObject([{ choice: expected }]);
    // Both were trusted, so their answers had the same bytes: two runs to compare, one to find the repeats, five rounds.
    expect(measured.runs()).toBe(13);
    expect((await chooseLayout(device)).name).toBe(expected);
    expect(measured.runs()).toBe(13);
  },
  120_000,
);
