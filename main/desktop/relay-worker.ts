/**
 * The worker window's page: starts the GPU worker as a Web Worker and carries messages between it and the core's port.
 * Files the core granted become Blobs here, so that the worker reads them in ranges and knows nothing of Electron.
 */
import type { SourceDescriptor } from '../../worker/byte-source.ts';
import type { WorkerOutbound, WorkerRequest } from '../../worker/messages.ts';
import { GRANTED_PREFIX } from './channels.ts';
import type { DesktopPort } from './ports.ts';
import { errorText } from '../../protocol/errors.ts';

export interface RelayedWorker {
  post(message: unknown): void;
  onMessage(listener: (message: unknown) => void): void;
  /** The worker's script failed or threw where nothing caught it. */
  onError(listener: (message: string) => void): void;
  terminate(): void;
}

/** Reads a granted path of this origin. @throws when the answer is not 200 */
export type ReadGranted = (path: string) => Promise<unknown>;

export function relayWorker(port: DesktopPort, worker: RelayedWorker, readGranted: ReadGranted): void {
  worker.onMessage((message) => port.send(message));
  worker.onError(() => {
    // The core sees its port close and asks for a fresh window.
    worker.terminate();
    port.close();
  });
  port.onClose(() => worker.terminate());
  // One after the other, so that a load which waits for its Blob is not overtaken by what uses it.
  let queue = Promise.resolve();
  port.onMessage((message) => {
    queue = queue.then(() => forward(message as WorkerRequest));
  });

  async function forward(request: WorkerRequest): Promise<void> {
    try {
      worker.post(await withBlob(request, readGranted));
    } catch (error) {
      const message = `the granted file could not be read: ${errorText(error)}`;
      const reply: WorkerOutbound = { id: request.id, ok: false, error: { code: 'SOURCE_UNREADABLE', message } };
      port.send(reply);
    }
  }
}

async function withBlob(request: WorkerRequest, readGranted: ReadGranted): Promise<WorkerRequest> {
  if (request.kind === 'load-model') {
    return { ...request, parameters: { ...request.parameters, source: await opened(request.parameters.source) } };
  }
  if (request.kind === 'estimate-model') {
    return { ...request, parameters: { ...request.parameters, source: await opened(request.parameters.source) } };
  }
  if (request.kind === 'load-scene') return { ...request, parameters: await withOpened(request.parameters) };
  if (request.kind === 'estimate-scene') return { ...request, parameters: await withOpened(request.parameters) };
  return request;

  async function withOpened<P extends { source: SourceDescriptor; environment?: SourceDescriptor }>(
    parameters: P,
  ): Promise<P> {
    const { source, environment } = parameters;
    const light = environment === undefined ? {} : { environment: await opened(environment) };
    return { ...parameters, source: await opened(source), ...light };
  }

  async function opened(source: SourceDescriptor): Promise<SourceDescriptor> {
    if (source.kind !== 'file') return source;
    if (!source.path.startsWith(GRANTED_PREFIX)) throw new Error(`${source.path} is not a granted path`);
    return { kind: 'blob', blob: await readGranted(source.path) };
  }
}
