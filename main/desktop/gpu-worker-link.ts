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
import type { TuningCache } from '../store/tuning-cache.ts';
import type { GpuCallOptions, GpuWorker, GpuWorkerPort } from '../node/gpu-worker.ts';
import { GRANTED_PREFIX } from './channels.ts';
import type { DesktopPort } from './ports.ts';
import { errorText } from '../../protocol/errors.ts';

export interface GpuWorkerLinkOptions {
  readonly adapter: AdapterChoice;
  readonly tuning: TuningCache;
  /** Lets the worker's page read one file; resolves with the token. */
  readonly grantFile: (path: string) => Promise<string>;
  readonly revokeFile: (token: string) => void;
  /** Asks for a fresh window: a hung shader ends only with its process. */
  readonly restartWorker: (reason: string) => void;
}

export type AdapterOutcome =
  | { readonly ok: true; readonly description: AdapterDescription }
  | { readonly ok: false; readonly code: string; readonly message: string };

export interface GpuWorkerLink {
  readonly worker: GpuWorker;
  /** Null until an adapter has been opened. */
  readonly description: AdapterDescription | null;
  attach(port: DesktopPort): void;
  /** Resolves when a worker with an open adapter is up: at once where it is. */
  ready(): Promise<void>;
  /** Told every time a window has opened an adapter, or could not. */
  onAdapter(listener: (outcome: AdapterOutcome) => void): void;
}

/** A driver's first start may compile for seconds. */
const OPEN_TIMEOUT_MS = 60_000;

export function createGpuWorkerLink(options: GpuWorkerLinkOptions): GpuWorkerLink {
  const listeners = new Set<(event: WorkerEvent) => void>();
  const adapterListeners = new Set<(outcome: AdapterOutcome) => void>();
  let current: GpuWorker | null = null;
  let goneReason = 'its window has not started yet';
  let description: AdapterDescription | null = null;
  let up = Promise.withResolvers<void>();
  let isUp = false;

  /** Who waits already goes on waiting; who asks from now on waits too. */
  function goDown(): void {
    if (isUp) up = Promise.withResolvers<void>();
    isUp = false;
  }

  function tell(outcome: AdapterOutcome): void {
    for (const listener of adapterListeners) listener(outcome);
  }

  /** `whenLost` is what took the device away, or null on the window's first device. */
  async function open(worker: GpuWorker, whenLost: string | null): Promise<void> {
    try {
      const { adapter, tuning } = options;
      const tuningRecords = await tuning.read();
      description = await worker.call('open-adapter', { adapter, tuningRecords }, { timeoutMs: OPEN_TIMEOUT_MS });
      if (current !== worker) return;
      isUp = true;
      up.resolve();
      tell({ ok: true, description });
    } catch (error) {
      // A replaced worker's failure says nothing about the new one.
      if (current !== worker) return;
      const message = errorText(error);
      tell({ ok: false, code: error instanceof GpuWorkerError ? error.code : 'INTERNAL', message });
      // A driver that was repaired meanwhile shows in a fresh process; main's back-off spaces the attempts.
      const reason = whenLost === null ? message : `the GPU was lost (${whenLost}) and did not come back: ${message}`;
      options.restartWorker(`The GPU worker has no adapter: ${reason}`);
    }
  }

  /** Sends a call; the files in it are granted to the worker's page for as long as the call takes. */
  async function send<K extends WorkerCallKind>(
    target: GpuWorker,
    kind: K,
    parameters: WorkerParameters<K>,
    call: GpuCallOptions,
  ): Promise<WorkerResult<K>> {
    const tokens: string[] = [];
    try {
      const granted: Record<string, SourceDescriptor> = {};
      for (const [name, path] of filesIn(parameters)) {
        const token = await options.grantFile(path);
        tokens.push(token);
        granted[name] = { kind: 'file', path: GRANTED_PREFIX + token };
      }
      return await target.call(kind, { ...parameters, ...granted }, call);
    } finally {
      // The page holds Blobs by now, which do not need the grants.
      for (const token of tokens) options.revokeFile(token);
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
    ready: () => up.promise,
    onAdapter: (listener) => void adapterListeners.add(listener),
    get description() {
      return description;
    },
    attach(port) {
      const attached = createGpuWorker(toWorkerPort(port));
      current = attached;
      port.onClose(() => {
        if (current !== attached) return;
        current = null;
        goDown();
        goneReason = 'its window has ended and is being started again';
        options.restartWorker('The GPU worker closed its port.');
      });
      attached.onEvent((event) => {
        for (const listener of listeners) listener(event);
        if (event.event === 'tuning') void options.tuning.keep(event.records);
        // A fresh device in the same window; where the driver gives none, in a fresh window.
        if (event.event !== 'device-lost') return;
        goDown();
        void open(attached, event.message);
      });
      void open(attached, null);
    },
  };
}

/** The parameters of a call that name a file. */
function filesIn(parameters: object): [string, string][] {
  const named = parameters as { readonly source?: SourceDescriptor; readonly environment?: SourceDescriptor };
  return (['source', 'environment'] as const).flatMap((name): [string, string][] => {
    const descriptor = named[name];
    return descriptor?.kind === 'file' ? [[name, descriptor.path]] : [];
  });
}

function toWorkerPort(port: DesktopPort): GpuWorkerPort {
  return {
    // Buffers cannot be transferred between Electron's processes; they are copied.
    post: (message) => port.send(message),
    onMessage: (listener) => port.onMessage((message) => listener(message as WorkerOutbound)),
    onClose: (listener) => port.onClose(() => listener('its port was closed')),
  };
}
