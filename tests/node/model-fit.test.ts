import { expect, test } from 'vitest';
import { createAdmission } from '../../main/node/admission.ts';
import { type GpuWorker, GpuWorkerError } from '../../main/node/gpu-worker.ts';
import { createModelFit, modelBudgetBytes } from '../../main/node/model-fit.ts';
import type { MemoryEstimate } from '../../worker/messages.ts';

const model = { sha256: 'ab'.repeat(32), kind: 'model', path: '/models/a.gguf', sizeBytes: 1 } as const;

/** A worker whose models take `neededBytes`, or that is away. */
function workerOf(neededBytes: number | null): GpuWorker & { asked: number } {
  const worker = {
    asked: 0,
    closedReason: null,
    onEvent: () => () => false,
    call: (_kind: string, { budgetBytes = Infinity }: { budgetBytes?: number }) => {
      worker.asked += 1;
      if (neededBytes === null) return Promise.reject(new GpuWorkerError('WORKER_GONE', 'it is away'));
      const refusal =
        neededBytes <= budgetBytes
          ? null
          : { code: 'OUT_OF_MEMORY', message: 'it takes too much', neededBytes, availableBytes: budgetBytes };
      return Promise.resolve({ refusal } as MemoryEstimate);
    },
  };
  return worker as unknown as GpuWorker & { asked: number };
}

function admit(worker: GpuWorker, memoryBytes: number | null) {
  return createAdmission({
    store: { find: () => Promise.resolve(model) },
    closedReason: () => null,
    openTasks: () => 0,
    maxOpenTasks: 1,
    modelFit: createModelFit(worker, () => modelBudgetBytes(memoryBytes)),
  }).check({ kind: 'chat', inputSha256: model.sha256 });
}

test('a model larger than the card is refused with what it needs and what there is', async () => {
  expect(await admit(workerOf(9_001), 10_000)).toEqual({
    ok: false,
    code: 'TOO_LARGE',
    message: 'it takes too much',
    needed: 9_001n,
    available: 9_000n,
  });
});

test.each([
  ['that fits', workerOf(9_000), 10_000],
  ['on a card whose memory nobody knows', workerOf(9_001), null],
  ['while the worker is away: loading will tell', workerOf(null), 10_000],
])('a model is admitted %s', async (_, worker, memoryBytes) => {
  expect(await admit(worker, memoryBytes)).toEqual({ ok: true, input: model });
});

test('a file is asked about once, and again when the budget has changed', async () => {
  const worker = workerOf(9_000);
  let budget = 10_000;
  const fit = createModelFit(worker, () => budget);
  await fit.check(model);
  await fit.check(model);
  expect(worker.asked).toBe(1);
  budget = 8_000;
  expect(await fit.check(model)).toMatchObject({ code: 'TOO_LARGE', available: 8_000n });
  expect(worker.asked).toBe(2);
});
