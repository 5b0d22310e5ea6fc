import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { runInNewContext } from 'node:vm';
import type { IpcRenderer } from 'electron';
import { build } from 'vite';
import { beforeAll, expect, test } from 'vitest';
import { CONNECT_CHANNEL, PORT_CHANNEL, WORKER_PORT_MESSAGE } from '../../main/desktop/channels.ts';
import { exposeNodeApi } from '../../main/desktop/expose-node-api.ts';
import { handOverPort } from '../../main/desktop/hand-over-port.ts';
import { fromDomPort } from '../../main/desktop/ports.ts';
import type { DomPort } from '../../main/desktop/ports.ts';
import { serveNodeApi } from '../../main/desktop/serve-node-api.ts';
import type { NodeApi } from '../../protocol/node-api.ts';
import { createRecordingNodeApi, waitingState } from './electron-fakes.ts';

/** The keys of NodeApi; the type makes a forgotten or surplus one a compile error. */
const nodeApiKeys: Record<keyof NodeApi, true> = { request: true, subscribe: true };

class StubIpc extends EventEmitter {
  readonly sent: string[] = [];
  send(channel: string): void {
    this.sent.push(channel);
  }
}

function createStubElectron() {
  const exposed: Record<string, unknown> = {};
  const ipcRenderer = new StubIpc();
  return {
    exposed,
    ipcRenderer,
    parts: {
      contextBridge: { exposeInMainWorld: (name: string, value: unknown) => void (exposed[name] = value) },
      ipcRenderer: ipcRenderer as unknown as IpcRenderer,
    },
  };
}

test('the dashboard preload exposes exactly the functions of NodeApi, and asks for a port', () => {
  const { exposed, ipcRenderer, parts } = createStubElectron();
  exposeNodeApi(parts);
  expect(Object.keys(exposed)).toEqual(['hearth']);
  expect(Object.keys(exposed['hearth'] as object).toSorted()).toEqual(Object.keys(nodeApiKeys).toSorted());
  expect(Object.values(exposed['hearth'] as object).every((value) => typeof value === 'function')).toBe(true);
  expect(ipcRenderer.sent).toEqual([CONNECT_CHANNEL]);
});

test('what the page asks of the bridge reaches the core over the port', async () => {
  const { exposed, ipcRenderer, parts } = createStubElectron();
  exposeNodeApi(parts);
  const channel = new MessageChannel();
  serveNodeApi(fromDomPort(channel.port1 as unknown as DomPort), createRecordingNodeApi());
  ipcRenderer.emit(PORT_CHANNEL, { ports: [channel.port2] });
  const api = exposed['hearth'] as NodeApi;
  expect(await api.request('resume', {})).toEqual(waitingState);
  channel.port1.close();
});

test('the worker preload hands the port to its own page only, after the page has loaded, and exposes nothing', () => {
  const ipc = new StubIpc();
  const posted: unknown[] = [];
  const loadListeners: (() => void)[] = [];
  handOverPort(ipc as unknown as IpcRenderer, {
    location: { origin: 'app://worker' },
    postMessage: (...parameters) => posted.push(parameters),
    addEventListener: (_event, listener) => void loadListeners.push(listener),
  });
  const beforeLoad = [...ipc.sent];
  for (const listener of loadListeners) listener();
  ipc.emit(PORT_CHANNEL, { ports: ['the port'] });
  expect([beforeLoad, ipc.sent]).toEqual([[], [CONNECT_CHANNEL]]);
  expect(posted).toEqual([[WORKER_PORT_MESSAGE, 'app://worker', ['the port']]]);
});

let built: string;
beforeAll(async () => {
  const result = await build({
    configFile: 'vite.preload.config.ts',
    mode: 'preload-dashboard',
    logLevel: 'error',
    build: { write: false },
  });
  const { output } = Array.isArray(result) ? result[0]! : (result as Exclude<typeof result, { close(): unknown }>);
  built = output[0]!.type === 'chunk' ? output[0]!.code : '';
});

test('the built preload runs as CommonJS with nothing but electron, as in the sandbox', () => {
  const { exposed, parts } = createStubElectron();
  const required: string[] = [];
  runInNewContext(built, {
    require(name: string) {
      required.push(name);
      return parts;
    },
    module: { exports: {} },
    exports: {},
  });
  expect(required).toEqual(['electron']);
  expect(Object.keys(exposed['hearth'] as object).toSorted()).toEqual(Object.keys(nodeApiKeys).toSorted());
});
