import type { AdapterDescription, WorkerCallKind, WorkerEvent, WorkerParameters } from '../../worker/messages.ts';
import { type GpuCallOptions, type GpuWorker, GpuWorkerError } from '../node/gpu-worker.ts';
import { type GpuProcess, type GpuProcessOptions, startGpuProcess } from './gpu-process.ts';
import { errorText } from '../../protocol/errors.ts';

export type GpuSupervisorEvent =
  | { readonly kind: 'started'; readonly processId: number; readonly description: AdapterDescription }
  | { readonly kind: 'gone'; readonly reason: string; readonly retryInMs: number }
  | { readonly kind: 'device-recovered'; readonly description: AdapterDescription }
  | { readonly kind: 'start-failed'; readonly code: string; readonly message: string; readonly retryInMs: number };

export interface GpuSupervisorOptions extends GpuProcessOptions {
  readonly onEvent?: (event: GpuSupervisorEvent) => void;
  readonly backOff?: { readonly firstMs: number; readonly longestMs: number; readonly stableAfterMs: number };
  /** How a process is started; only tests give another. */
  readonly start?: (options: GpuProcessOptions) => Promise<GpuProcess>;
}

export interface GpuProcessSupervisor {
  /** Stays valid over restarts. Models and scenes do not: after a worker's `device-lost` and after `started` they are loaded again. */
  readonly worker: GpuWorker;
  readonly description: AdapterDescription;
  readonly announce: string;
  /** Null while no process is up. */
  readonly processId: number | null;
  /** Resolves when a process with an open adapter is up; rejects once stopped. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

const defaultBackOff = { firstMs: 500, longestMs: 30_000, stableAfterMs: 60_000 };

/**
 * Keeps one GPU worker process up: starts it again with growing pauses when it dies, opens the device again when the
 * driver takes it away, and kills it when a call passes its deadline, as a hung shader ends only with its process.
 *
 * @throws GpuWorkerError when the first start fails: a missing adapter is for the owner to see, not to be retried unseen.
 */
export async function createGpuProcessSupervisor(options: GpuSupervisorOptions): Promise<GpuProcessSupervisor> {
  const backOff = options.backOff ?? defaultBackOff;
  const start = options.start ?? startGpuProcess;
  const emit = options.onEvent ?? ((): void => {});
  const listeners = new Set<(event: WorkerEvent) => void>();
  let failures = 0;
  let timer: NodeJS.Timeout | undefined;
  let stopped: string | null = null;
  let goneReason = 'it has not started yet';
  let current: GpuProcess | null = null;
  let up = Promise.withResolvers<void>();
  up.promise.catch(() => {});

  let last = await start(options);
  adopt(last);

  function adopt(process: GpuProcess): void {
    const startedAt = performance.now();
    current = process;
    last = process;
    process.worker.onEvent((event) => {
      for (const listener of listeners) listener(event);
      if (event.event === 'device-lost') void recoverDevice(process);
      if (event.event === 'device-recovered') emit({ kind: 'device-recovered', description: event.description });
    });
    void process.gone.then((reason) => {
      current = null;
      goneReason = reason;
      if (stopped !== null) return undefined;
      up = Promise.withResolvers<void>();
      up.promise.catch(() => {});
      failures = performance.now() - startedAt >= backOff.stableAfterMs ? 1 : failures + 1;
      const retryInMs = schedule();
      emit({ kind: 'gone', reason, retryInMs });
      return undefined;
    });
    up.resolve();
    emit({ kind: 'started', processId: process.processId, description: process.description });
  }

  function schedule(): number {
    const retryInMs = Math.min(backOff.firstMs * 2 ** (failures - 1), backOff.longestMs);
    timer = setTimeout(() => void restart(), retryInMs);
    return retryInMs;
  }

  async function restart(): Promise<void> {
    try {
      const process = await start(options);
      if (stopped === null) adopt(process);
      else await process.stop();
    } catch (error) {
      if (stopped !== null) return;
      failures += 1;
      const code = error instanceof GpuWorkerError ? error.code : 'INTERNAL';
      const message = errorText(error);
      goneReason = message;
      emit({ kind: 'start-failed', code, message, retryInMs: schedule() });
    }
  }

  async function recoverDevice(process: GpuProcess): Promise<void> {
    try {
      const description = await process.worker.call('open-adapter', { adapter: options.adapter });
      emit({ kind: 'device-recovered', description });
    } catch {
      // The driver gives no second device to this process; a new one may get it.
      await process.stop();
    }
  }

  const worker: GpuWorker = {
    get closedReason() {
      return stopped ?? (current === null ? goneReason : current.worker.closedReason);
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async call<K extends WorkerCallKind>(kind: K, parameters: WorkerParameters<K>, call: GpuCallOptions = {}) {
      const process = current;
      if (process === null) {
        const reason = stopped ?? `it is being started again (${goneReason})`;
        throw new GpuWorkerError('WORKER_GONE', `the GPU worker is not up, ${kind} was not sent: ${reason}`, {
          data: { kind },
        });
      }
      try {
        return await process.worker.call(kind, parameters, call);
      } catch (error) {
        if (error instanceof GpuWorkerError && error.code === 'TIMEOUT') await process.stop();
        throw error;
      }
    },
  };

  return {
    worker,
    get description() {
      return last.description;
    },
    get announce() {
      return last.announce;
    },
    get processId() {
      return current?.processId ?? null;
    },
    ready: () => up.promise,
    async stop() {
      stopped ??= 'it was stopped';
      clearTimeout(timer);
      up.reject(new GpuWorkerError('WORKER_GONE', 'the GPU worker was stopped'));
      await current?.stop();
    },
  };
}
