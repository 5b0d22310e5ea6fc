import { expect, test } from 'vitest';
import { createAdmission } from '../../main/node/admission.ts';
import { type GpuWorker, GpuWorkerError } from '../../main/node/gpu-worker.ts';
import { createSceneFit } from '../../main/node/scene-fit.ts';
import type { StoredInput } from '../../main/store/input-store.ts';
import type { SceneEstimate, SceneRefusal } from '../../worker/messages.ts';

const scene: StoredInput = { sha256: 'cd'.repeat(32), kind: 'scene', path: '/scenes/a.glb', sizeBytes: 1 };
const sky: StoredInput = { sha256: 'ef'.repeat(32), kind: 'environment', path: '/scenes/sky.hdr', sizeBytes: 1 };

interface AskedWorker extends GpuWorker {
  readonly asked: unknown[];
}

/** A worker that answers so, or that is away. */
function workerOf(answer: SceneRefusal | null | 'away'): AskedWorker {
  const asked: unknown[] = [];
  const worker = {
    asked,
    closedReason: null,
    onEvent: () => () => false,
    call(kind: string, parameters: unknown) {
      asked.push([kind, parameters]);
      if (answer === 'away') return Promise.reject(new GpuWorkerError('WORKER_GONE', 'it is away'));
      return Promise.resolve({ refusal: answer } as SceneEstimate);
    },
  };
  return worker as unknown as AskedWorker;
}

function admit(worker: GpuWorker, environmentSha256?: string) {
  return createAdmission({
    store: { find: (sha256) => Promise.resolve([scene, sky].find((input) => input.sha256 === sha256) ?? null) },
    closedReason: () => null,
    openTasks: () => 0,
    maxOpenTasks: 1,
    sceneFit: createSceneFit(worker, () => 9_000),
  }).check({ kind: 'render', inputSha256: scene.sha256, environmentSha256 });
}

test.each([
  [
    'larger than the card',
    { code: 'OUT_OF_MEMORY', message: 'it takes too much', needed: 9_001, available: 9_000 },
    { code: 'TOO_LARGE', message: 'it takes too much', needed: 9_001n, available: 9_000n },
  ],
  [
    'that cannot be read',
    { code: 'BAD_SCENE', message: 'nodes[0].mesh is 1, but meshes has 1 entries' },
    { code: 'BAD_SCENE', message: 'nodes[0].mesh is 1, but meshes has 1 entries' },
  ],
] as const)('a scene %s is refused before anything is agreed', async (_name, answer, expected) => {
  expect(await admit(workerOf(answer))).toEqual({ ok: false, ...expected });
});

test.each([
  ['that fits', workerOf(null)],
  ['while the worker is away: loading will tell', workerOf('away')],
])('a scene is admitted %s', async (_name, worker) => {
  expect(await admit(worker)).toEqual({ ok: true, input: scene });
});

test('what is asked about is the scene under its environment, within the budget and with the largest tile', async () => {
  const worker = workerOf(null);
  await admit(worker, sky.sha256);
  expect(worker.asked).toEqual([
    [
      'estimate-scene',
      {
        source: { kind: 'file', path: '/scenes/a.glb' },
        environment: { kind: 'file', path: '/scenes/sky.hdr' },
        settings: { widthPixels: 1, heightPixels: 1, seed: 0, maxBounces: 1 },
        tilePixels: 512 * 512,
        budgetBytes: 9_000,
      },
    ],
  ]);
});

test('files are asked about once, and again when the budget has changed or the worker was away', async () => {
  const worker = workerOf(null);
  let budget = 10_000;
  const fit = createSceneFit(worker, () => budget);
  await Promise.all([fit.check(scene, undefined), fit.check(scene, undefined)]);
  expect(worker.asked).toHaveLength(1);
  await fit.check(scene, sky);
  budget = 8_000;
  await fit.check(scene, sky);
  expect(worker.asked).toHaveLength(3);
  const away = workerOf('away');
  const blind = createSceneFit(away, () => budget);
  await blind.check(scene, undefined);
  await blind.check(scene, undefined);
  expect(away.asked).toHaveLength(2);
});
