import { errorText, HearthError } from '../../protocol/errors.ts';
import type {
  WorkerCallKind,
  WorkerErrorShape,
  WorkerEvent,
  WorkerOutbound,
  WorkerParameters,
  WorkerReply,
  WorkerRequest,
  WorkerResult,
} from '../../worker/messages.ts';

/**
 * WORKER_GONE, TIMEOUT and ABORTED arise on this side. Every other code is the worker's own (`NO_ADAPTER`, `BAD_REQUEST`,
 * `DEVICE_LOST`, ...), which is why the type is open.
 */
export type GpuWorkerErrorCode = 'WORKER_GONE' | 'TIMEOUT' | 'ABORTED' | (string & {});

export class GpuWorkerError extends HearthError<GpuWorkerErrorCode> {}

/** One end of a channel to a worker: an IPC channel, a MessagePort, a Web Worker. */
export interface GpuWorkerPort {
  post(message: WorkerRequest, transfer?: readonly ArrayBuffer[]): void;
  onMessage(listener: (message: WorkerOutbound) => void): void;
  /** Called once, with a sentence why, when no message can come any more. */
  onClose(listener: (reason: string) => void): void;
}

export interface GpuCallOptions {
  /** The call rejects at once; the worker finishes what it is computing and its reply is dropped. */
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
  /** Buffers in the parameters that are not needed here any more. */
  readonly transfer?: readonly ArrayBuffer[];
}

/** The GPU worker as the rest of the node sees it, whatever process it lives in. */
export interface GpuWorker {
  /** @throws GpuWorkerError (rejects) with WORKER_GONE, TIMEOUT, ABORTED or the worker's own code. */
  call<K extends WorkerCallKind>(
    kind: K,
    parameters: WorkerParameters<K>,
    options?: GpuCallOptions,
  ): Promise<WorkerResult<K>>;
  /** Returns a function that takes the listener off again. */
  onEvent(listener: (event: WorkerEvent) => void): () => void;
  /** Why the worker is gone, or null while it is there. */
  readonly closedReason: string | null;
}

export interface GpuWorkerOptions {
  /** For calls that name no deadline of their own: a model of 100 GB from a slow disk loads within it. */
  readonly defaultTimeoutMs?: number;
}

const tenMinutesMs = 10 * 60 * 1000;

interface Pending {
  readonly kind: WorkerCallKind;
  resolve(result: unknown): void;
  reject(error: GpuWorkerError): void;
}

/** The typed client over any port: ids, deadlines, cancellation, and one rejection for all when the worker goes. */
export function createGpuWorker(port: GpuWorkerPort, options: GpuWorkerOptions = {}): GpuWorker {
  const defaultTimeoutMs = options.defaultTimeoutMs ?? tenMinutesMs;
  const pending = new Map<number, Pending>();
  const listeners = new Set<(event: WorkerEvent) => void>();
  let nextId = 1;
  let closedReason: string | null = null;

  port.onMessage((message) => {
    if ('event' in message) {
      for (const listener of listeners) listener(message);
      return;
    }
    settle(message);
  });
  port.onClose((reason) => {
    closedReason ??= reason;
    for (const { kind, reject } of pending.values()) reject(gone(kind, reason));
  });

  function settle(reply: WorkerReply): void {
    const call = pending.get(reply.id);
    // Nobody waits after a timeout or a cancellation.
    if (call === undefined) return;
    if (reply.ok) call.resolve(reply.result);
    else call.reject(fromWorker(reply.error));
  }

  return {
    get closedReason() {
      return closedReason;
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    call<K extends WorkerCallKind>(kind: K, parameters: WorkerParameters<K>, call: GpuCallOptions = {}) {
      if (closedReason !== null) return Promise.reject(gone(kind, closedReason));
      const { signal, timeoutMs = defaultTimeoutMs } = call;
      if (signal?.aborted === true) return Promise.reject(aborted(kind));
      const id = nextId++;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      const onAbort = (): void => reject(aborted(kind));
      const timer = setTimeout(() => reject(timedOut(kind, timeoutMs)), timeoutMs);
      signal?.addEventListener('abort', onAbort, { once: true });
      pending.set(id, { kind, resolve, reject });
      try {
        // Kind and parameters fit by this function's own signature; the union hides it.
        port.post({ id, kind, parameters } as WorkerRequest, call.transfer);
      } catch (error) {
        reject(gone(kind, errorText(error)));
      }
      return promise.finally(() => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
        pending.delete(id);
      }) as Promise<WorkerResult<K>>;
    },
  };
}

function fromWorker(error: WorkerErrorShape): GpuWorkerError {
  return new GpuWorkerError(error.code, error.message, error.data === undefined ? {} : { data: error.data });
}

function gone(kind: WorkerCallKind, reason: string): GpuWorkerError {
  return new GpuWorkerError('WORKER_GONE', `the GPU worker is gone, ${kind} was not answered: ${reason}`, {
    data: { kind },
  });
}

function aborted(kind: WorkerCallKind): GpuWorkerError {
  return new GpuWorkerError('ABORTED', `${kind} was cancelled`, { data: { kind } });
}

function timedOut(kind: WorkerCallKind, timeoutMs: number): GpuWorkerError {
  return new GpuWorkerError('TIMEOUT', `${kind} was not answered within ${timeoutMs} ms`, {
    data: { kind, timeoutMs },
  });
}
