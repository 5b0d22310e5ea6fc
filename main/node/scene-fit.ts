import { refuse, type Refusal } from '../../protocol/errors.ts';
import { taskLimits } from '../../protocol/tasks.ts';
import type { TaskRefusalCode } from '../market/refusal-codes.ts';
import type { StoredInput } from '../store/input-store.ts';
import type { GpuWorker } from './gpu-worker.ts';

/** How long a quote waits for a large scene to be read; what comes later answers the next requester. */
const waitMs = 5_000;
const remembered = 256;
/** Whatever a task's picture is, its tiles are not larger. */
const tilePixels = taskLimits.tileSidePixels ** 2;
/** Decides nothing about the memory. */
const settings = { widthPixels: 1, heightPixels: 1, seed: 0, maxBounces: 1 } as const;

type Answer = Refusal<TaskRefusalCode> | null;

export interface SceneFit {
  /** Null when the scene loads here under the environment, or when that cannot be told before it is tried. */
  check(scene: StoredInput, environment: StoredInput | undefined): Promise<Answer>;
}

/** Has the worker read a scene and say what it would take, once for each pair of files and budget. */
export function createSceneFit(worker: GpuWorker, budgetBytes: () => number | null): SceneFit {
  const known = new Map<string, Promise<Answer>>();

  async function ask(scene: StoredInput, environment: StoredInput | undefined, budget: number | null): Promise<Answer> {
    const { refusal } = await worker.call('estimate-scene', {
      source: { kind: 'file', path: scene.path },
      ...(environment === undefined ? {} : { environment: { kind: 'file', path: environment.path } }),
      settings,
      tilePixels,
      ...(budget === null ? {} : { budgetBytes: budget }),
    });
    if (refusal === null) return null;
    const { needed, available } = refusal;
    return refuse(refusal.code === 'BAD_SCENE' ? 'BAD_SCENE' : 'TOO_LARGE', refusal.message, {
      ...(needed === undefined ? {} : { needed: BigInt(Math.ceil(needed)) }),
      ...(available === undefined ? {} : { available: BigInt(Math.floor(available)) }),
    });
  }

  return {
    async check(scene, environment) {
      const budget = budgetBytes();
      const key = `${scene.sha256} ${environment?.sha256 ?? ''} ${budget}`;
      let answer = known.get(key);
      if (answer === undefined) {
        answer = ask(scene, environment, budget);
        if (known.size >= remembered) known.clear();
        known.set(key, answer);
        // A worker that is away or busy says nothing about the scene: it is asked again.
        answer.catch(() => known.delete(key));
      }
      return Promise.race([answer, later(waitMs)]).catch(() => null);
    },
  };
}

function later(durationMs: number): Promise<null> {
  return new Promise((resolve) => {
    setTimeout(resolve, durationMs, null).unref();
  });
}
