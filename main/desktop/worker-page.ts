/** The script of the worker window's page: waits for the port its preload hands over, then relays. */
import { ENGINE_PREFIX, WORKER_PORT_MESSAGE } from './channels.ts';
import { fromDomPort } from './ports.ts';
import type { DomPort } from './ports.ts';
import { relayWorker } from './relay-worker.ts';

/** The few parts of a page that are used; this room has no DOM types. */
interface Page {
  readonly location: { readonly origin: string };
  readonly MessageChannel: new () => { readonly port1: DomPort; readonly port2: DomPort };
  readonly Worker: new (address: string, options: { type: 'module'; name: string }) => PageWorker;
  addEventListener(event: 'message', listener: (event: PageMessage) => void): void;
  fetch(path: string): Promise<{ readonly ok: boolean; readonly status: number; blob(): Promise<unknown> }>;
}

interface PageMessage {
  readonly data: unknown;
  readonly origin: string;
  readonly source: unknown;
  readonly ports: readonly DomPort[];
}

interface PageWorker {
  postMessage(message: unknown, transfer: readonly unknown[]): void;
  addEventListener(event: 'error', listener: (event: { message: string }) => void): void;
  terminate(): void;
}

const page = globalThis as unknown as Page;

page.addEventListener('message', ({ data, origin, source, ports }) => {
  const [port] = ports;
  const isOwnPreload = origin === page.location.origin && source === globalThis;
  if (!isOwnPreload || data !== WORKER_PORT_MESSAGE || port === undefined) return;
  const worker = new page.Worker(`${ENGINE_PREFIX}gpu-worker.js`, { type: 'module', name: 'hearth-gpu' });
  // The worker answers on the first port it is handed.
  const { port1, port2 } = new page.MessageChannel();
  worker.postMessage('serve', [port2]);
  const workerPort = fromDomPort(port1);
  relayWorker(
    fromDomPort(port),
    {
      post: workerPort.send,
      onMessage: workerPort.onMessage,
      onError: (listener) => worker.addEventListener('error', (event) => listener(event.message)),
      terminate: () => worker.terminate(),
    },
    async (path) => {
      const answer = await page.fetch(path);
      if (!answer.ok) throw new Error(`${path} answered ${answer.status}`);
      return answer.blob();
    },
  );
});
