/**
 * The core's GpuWorker in the desktop: a client over whichever port main has brokered last. It stays valid when the
 * worker's window is started again; models and scenes do not, the task runner loads them again.
 */
import type { SourceDescriptor } from '../../worker/byte-source.ts';
import type {
  AdapterChoice,
  AdapterDescription,
  WorkerCallKind,
  WorkerEvent,
  WorkerOutbound,
  WorkerParameters,
  WorkerResult,
} from '../../worker/messages.ts';
import { createGpuWorker, GpuWorkerError } from '../node/gpu-worker.ts';
import type { GpuCallOptions, GpuWorker, GpuWorkerPort } from '../node/gpu-worker.ts';
import { GRANTED_PREFIX } from './channels.ts';
import type { DesktopPort } from './ports.ts';

export interface GpuWorkerLinkOptions {
  readonly adapter: AdapterChoice;
  /** Lets the worker's page read one file; resolves with the token. */
  readonly grantFile: (path: string) => Promise<string>;
  readonly revokeFile: (token: string) => void;
  /** Asks for a fresh window: a hung shader ends only with its process. */
  readonly restartWorker: (reason: string) => void;
  readonly log: (sentence: string) => void;
}

export interface GpuWorkerLink {
  readonly worker: GpuWorker;
  /** Null until an adapter has been opened. */
  readonly description: AdapterDescription | null;
  attach(port: DesktopPort): void;
  /** Resolves with the first opened adapter; rejects when the first window has none. */
  readonly opened: Promise<AdapterDescription>;
}

/** A driver's first start may compile for seconds. */
const OPEN_TIMEOUT_MS = 60_000;

export function createGpuWorkerLink(options: GpuWorkerLinkOptions): GpuWorkerLink {
  const listeners = new Set<(event: WorkerEvent) => void>();
  const first = Promise.withResolvers<AdapterDescription>();
  // Whoever awaits it handles it; nobody awaiting must not end the process.
  first.promise.catch(() => {});
  let current: GpuWorker | null = null;
  let goneReason = 'its window has not started yet';
  let description: AdapterDescription | null = null;

  async function open(worker: GpuWorker): Promise<void> {
    try {
      const opened = await worker.call('open-adapter', { adapter: options.adapter }, { timeoutMs: OPEN_TIMEOUT_MS });
      description = opened;
      first.resolve(opened);
    } catch (error) {
      // A replaced worker's failure says nothing about the new one.
      if (current !== worker) return;
      first.reject(error);
      options.log(`The GPU worker has no adapter: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** Sends a call; a file in it is granted to the worker's page for as long as the call takes. */
  async function send<K extends WorkerCallKind>(
    target: GpuWorker,
    kind: K,
    parameters: WorkerParameters<K>,
    call: GpuCallOptions,
  ): Promise<WorkerResult<K>> {
    const source = 'source' in parameters ? (parameters.source as SourceDescriptor) : null;
    if (source === null || source.kind !== 'file') return target.call(kind, parameters, call);
    const token = await options.grantFile(source.path);
    try {
      const granted: SourceDescriptor = { kind: 'file', path: GRANTED_PREFIX + token };
      return await target.call(kind, { ...parameters, source: granted }, call);
    } finally {
      // The page holds a Blob by now, which does not need the grant.
      options.revokeFile(token);
    }
  }

  const worker: GpuWorker = {
    get closedReason() {
      return current === null ? goneReason : current.closedReason;
    },
    onEvent(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    async call<K extends WorkerCallKind>(kind: K, parameters: WorkerParameters<K>, call: GpuCallOptions = {}) {
      const target = current;
      if (target === null) {
        throw new GpuWorkerError('WORKER_GONE', `the GPU worker is not up, ${kind} was not sent: ${goneReason}`, {
          data: { kind },
        });
      }
      try {
        return await send(target, kind, parameters, call);
      } catch (error) {
        const isHung = error instanceof GpuWorkerError && error.code === 'TIMEOUT' && current === target;
        if (isHung) options.restartWorker(error.message);
        throw error;
      }
    },
  };

  return {
    worker,
    opened: first.promise,
    get description() {
      return description;
    },
    attach(port) {
      const attached = createGpuWorker(toWorkerPort(port));
      current = attached;
      port.onClose(() => {
        if (current !== attached) return;
        current = null;
        goneReason = 'its window has ended and is being started again';
        options.restartWorker('The GPU worker closed its port.');
      });
      attached.onEvent((event) => {
        for (const listener of listeners) listener(event);
        // A fresh device in the same window; where the driver gives none, in a fresh window.
        if (event.event === 'device-lost') void reopen(attached, event.message);
      });
      void open(attached);
    },
  };

  async function reopen(lost: GpuWorker, message: string): Promise<void> {
    try {
      description = await lost.call('open-adapter', { adapter: options.adapter }, { timeoutMs: OPEN_TIMEOUT_MS });
    } catch {
      if (current === lost) options.restartWorker(`The GPU was lost and did not come back: ${message}`);
    }
  }
}

function toWorkerPort(port: DesktopPort): GpuWorkerPort {
  return {
    // Buffers cannot be transferred between Electron's processes; they are copied.
    post: (message) => port.send(message),
    onMessage: (listener) => port.onMessage((message) => listener(message as WorkerOutbound)),
    onClose: (listener) => port.onClose(() => listener('its port was closed')),
  };
}
