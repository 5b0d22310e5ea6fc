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

/** Each is run once to compare their answers and the first once to find the repeats; from then on they take turns. */
function measureBy(...layoutMs: readonly number[]): { records: () => readonly TuningRecord[]; runs: () => number } {
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
          const turn = Math.max(0, runs - layoutMs.length - 2);
          return layoutMs[turn % layoutMs.length] as number;
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
  ['eight-wide', [5, 4, 3], 'bvh8'],
  ['two-wide', [5, 6, 7], 'bvh2'],
])(
  'where the %s tree traces its rays faster, it is taken, after its hits were compared, and measured once',
  async (_name, layoutMs, expected) => {
    const measured = measureBy(...layoutMs);
    expect((await chooseLayout(device)).name).toBe(expected);
    expect(measured.records()).toMatchObject([{ choice: expected }]);
    // All were trusted, so their answers had the same bytes: three runs to compare, one to find the repeats, five rounds.
    expect(measured.runs()).toBe(19);
    expect((await chooseLayout(device)).name).toBe(expected);
    expect(measured.runs()).toBe(19);
  },
  120_000,
);
