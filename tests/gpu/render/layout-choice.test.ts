import { afterEach, beforeAll, expect, test } from 'vitest';
import { createSubmitTimer } from '../../../worker/gpu/autotune/submit-timer.ts';
import { defaultTuner, MeasuringTuner, setTuner } from '../../../worker/gpu/autotune/tuner.ts';
import type { TuningRecord } from '../../../worker/messages.ts';
import { chooseLayout, recallLayout } from '../../../worker/render/layout-choice.ts';
import { createSceneRenderer } from '../../../worker/render/scene-renderer.ts';
import { getTestDevice } from '../test-device.ts';
import { quad, sceneOf, white } from './scene-fixtures.ts';

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
    expect(recallLayout(device)).toBeUndefined();
    expect((await chooseLayout(device)).name).toBe(expected);
    expect(measured.records()).toMatchObject([{ choice: expected }]);
    // All were trusted, so their answers had the same bytes: three runs to compare, one to find the repeats, five rounds.
    expect(measured.runs()).toBe(19);
    expect((await chooseLayout(device)).name).toBe(expected);
    expect(recallLayout(device)?.name).toBe(expected);
    expect(measured.runs()).toBe(19);
  },
  120_000,
);

const settings = { widthPixels: 16, heightPixels: 16, seed: 3, maxBounces: 2 };
const whole = { x0: 0, y0: 0, x1: 16, y1: 16 };
const shining = sceneOf(quad([-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0], 0), {
  materials: [{ ...white, emission: [1, 1, 1] }],
});

test.each([
  ['a short job never asks which layout is fastest', 1e9, []],
  ['a long job asks once, goes on in the fastest layout and gives the same bytes', 1e-9, ['asked']],
])('%s', async (_name, trialAfterMs, expected) => {
  const asked: string[] = [];
  setTuner(device, {
    recall: () => undefined,
    choose() {
      asked.push('asked');
      return Promise.resolve('bvh4');
    },
  });
  const options = { driver: 'tile', trialAfterMs } as const;
  const renderer = await createSceneRenderer(device, shining, settings, options);
  // The first slice counts for nothing; the second makes the job long, which the third tile finds.
  const first = await renderer.renderTile(whole, 0, 2);
  await renderer.renderTile(whole, 0, 2);
  expect(asked).toEqual([]);
  for (let tile = 0; tile < 2; tile += 1) expect(await renderer.renderTile(whole, 0, 2)).toEqual(first);
  expect(first.some((value) => value > 0)).toBe(true);
  expect(asked).toEqual(expected);
  renderer.destroy();
  await expect(renderer.renderTile(whole, 0, 1)).rejects.toMatchObject({ code: 'scene-unloaded' });
});

test('a scene that is unloaded while layouts are measured answers with a refusal', async () => {
  const { promise, resolve } = Promise.withResolvers<string>();
  setTuner(device, { recall: () => undefined, choose: () => promise });
  const renderer = await createSceneRenderer(device, shining, settings, { driver: 'tile', trialAfterMs: 1e-9 });
  for (let tile = 0; tile < 2; tile += 1) await renderer.renderTile(whole, 0, 2);
  const waiting = renderer.renderTile(whole, 0, 2);
  renderer.destroy();
  resolve('bvh4');
  await expect(waiting).rejects.toMatchObject({ code: 'scene-unloaded' });
});
