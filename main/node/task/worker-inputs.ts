import { createHash } from 'node:crypto';
import type { NumericProfile } from '../../../protocol/agreement.ts';
import { cacheTypeOf } from '../../../protocol/numeric-profile.ts';
import type { Sha256 } from '../../../protocol/tasks.ts';
import type { RenderSettings } from '../../../worker/messages.ts';
import type { InputStore } from '../../store/input-store.ts';
import { type GpuWorker, GpuWorkerError } from '../gpu-worker.ts';
import { TaskError } from './task-error.ts';

export interface WorkerInputsComponents {
  readonly worker: GpuWorker;
  readonly store: Pick<InputStore, 'find'>;
  readonly modelBudgetBytes?: () => number | null;
  /** What this node agrees to compute under. */
  readonly numericProfile: () => NumericProfile;
  /** Resolves when a process with an open adapter is up. Where there is none, the worker is asked now and then. */
  readonly workerReady?: () => Promise<void>;
  readonly log?: (sentence: string) => void;
}

/** A claim on something loaded; while one is held it is not evicted. */
export interface LoadedInput {
  readonly id: string;
  release(): void;
}

/** Codes that say the process or the device is gone, or that it has come back empty: load again and go on. */
const recoverable = new Set([
  'WORKER_GONE',
  'TIMEOUT',
  'DEVICE_LOST',
  'ADAPTER_NOT_OPEN',
  'UNKNOWN_MODEL',
  'UNKNOWN_SCENE',
  'UNKNOWN_SESSION',
  'SESSION_CLOSED',
]);
/** A task that brings the GPU down this often is handed back: it may be the task's own fault. */
const maxStrikes = 3;
/** Longer than the supervisor's longest pause between two starts. */
const recoveryTimeoutMs = 45_000;
const recoveryPollMs = 100;

/**
 * A call that computes one chunk takes about a second; after this long its shader hangs, and the supervisor ends the
 * process. Loading and prefill have the client's own, longer deadline.
 */
export const computeTimeoutMs = 60_000;

interface Entry {
  readonly loading: Promise<void>;
  users: number;
}

/**
 * What is loaded in the GPU worker. Models and scenes go by content hash (scenes also by picture settings), are shared
 * between tasks, and are unloaded when another of their kind is wanted and nobody uses them.
 */
export class WorkerInputs {
  readonly #components: WorkerInputsComponents;
  readonly #models = new Map<string, Entry>();
  readonly #scenes = new Map<string, Entry>();

  constructor(components: WorkerInputsComponents) {
    this.#components = components;
    components.worker.onEvent((event) => {
      if (event.event === 'device-lost' || event.event === 'ready') this.forget();
    });
  }

  /** Nothing is loaded any more: another process, another device, or everything was released. */
  forget(): void {
    this.#models.clear();
    this.#scenes.clear();
  }

  model(sha256: Sha256, signal: AbortSignal): Promise<LoadedInput> {
    const { worker } = this.#components;
    return this.#take(this.#models, sha256, async () => {
      await this.#evict(this.#models, (modelId) => worker.call('unload-model', { modelId }));
      const source = { kind: 'file', path: await this.#path(sha256) } as const;
      const budgetBytes = this.#components.modelBudgetBytes?.() ?? null;
      const cacheType = cacheTypeOf(this.#components.numericProfile());
      await worker.call(
        'load-model',
        { modelId: sha256, source, cacheType, ...(budgetBytes === null ? {} : { budgetBytes }) },
        { signal },
      );
    });
  }

  /** One scene, under one environment or none, as one picture shows it. */
  scene(
    files: { readonly sceneSha256: Sha256; readonly environmentSha256?: Sha256 },
    settings: RenderSettings,
    signal: AbortSignal,
  ): Promise<LoadedInput> {
    const { worker } = this.#components;
    const { sceneSha256, environmentSha256 } = files;
    // Names in the view may be long and of any letters: the id of a picture is a hash.
    const picture = createHash('sha256')
      .update(JSON.stringify([settings, environmentSha256 ?? null]))
      .digest('hex');
    const sceneId = `${sceneSha256}-${picture}`;
    return this.#take(this.#scenes, sceneId, async () => {
      await this.#evict(this.#scenes, (sceneId) => worker.call('unload-scene', { sceneId }));
      const source = { kind: 'file', path: await this.#path(sceneSha256) } as const;
      const environment =
        environmentSha256 === undefined
          ? {}
          : { environment: { kind: 'file', path: await this.#path(environmentSha256) } as const };
      await worker.call('load-scene', { sceneId, source, settings, ...environment }, { signal });
    });
  }

  async #path(sha256: Sha256): Promise<string> {
    const input = await this.#components.store.find(sha256);
    if (input === null)
      throw new TaskError('INPUT_GONE', `the file with sha256 ${sha256} is not on this node any more`);
    return input.path;
  }

  async #take(entries: Map<string, Entry>, id: string, load: () => Promise<void>): Promise<LoadedInput> {
    let entry = entries.get(id);
    if (entry === undefined) {
      // A load that was given up here may still have finished there: the id names the content, so it is the same thing.
      const loading = load().catch((error: unknown) => {
        if (!(error instanceof GpuWorkerError) || error.code !== 'ID_IN_USE') throw error;
      });
      entry = { loading, users: 0 };
      entries.set(id, entry);
    }
    entry.users += 1;
    try {
      await entry.loading;
    } catch (error) {
      if (entries.get(id) === entry) entries.delete(id);
      throw error;
    }
    let held: Entry | null = entry;
    return {
      id,
      release() {
        if (held !== null) held.users -= 1;
        held = null;
      },
    };
  }

  async #evict(entries: Map<string, Entry>, unload: (id: string) => Promise<null>): Promise<void> {
    for (const [id, entry] of entries) {
      if (entry.users > 0) continue;
      entries.delete(id);
      await unload(id).catch((error: unknown) => this.#log(`unloading ${id} failed: ${String(error)}`));
    }
  }

  /**
   * Runs `action`, and again after the worker has come back, at most three times in a task's life.
   *
   * @throws TaskError WORKER_FAILED after the last strike; whatever else `action` throws, at once.
   */
  async withRecovery<T>(strikes: { count: number }, signal: AbortSignal, action: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await action();
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof GpuWorkerError) || !recoverable.has(error.code)) throw error;
        strikes.count += 1;
        this.forget();
        this.#log(`GPU worker, strike ${strikes.count} of ${maxStrikes}: ${error.message}`);
        if (strikes.count >= maxStrikes) {
          throw new TaskError('WORKER_FAILED', `the GPU worker failed ${maxStrikes} times: ${error.message}`, {
            cause: error,
          });
        }
        await this.#workerBack(signal);
      }
    }
  }

  async #workerBack(signal: AbortSignal): Promise<void> {
    const { worker, workerReady } = this.#components;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(recoveryTimeoutMs)]);
    if (workerReady !== undefined) await raceAbort(workerReady(), limit);
    while (worker.closedReason !== null) await raceAbort(sleep(recoveryPollMs), limit);
  }

  #log(sentence: string): void {
    this.#components.log?.(sentence);
  }
}

function sleep(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

async function raceAbort(wait: Promise<void>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = (): void => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([wait, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
