/** What the dashboard's preload does, with Electron's parts as arguments. */
import type { ContextBridge, IpcRenderer } from 'electron';
import { BRIDGE_NAME, CONNECT_CHANNEL, PORT_CHANNEL } from './channels.ts';
import { createPortNodeApi } from './port-node-api.ts';
import { fromDomPort } from './ports.ts';
import type { DomPort } from './ports.ts';

export interface PreloadParts {
  readonly contextBridge: Pick<ContextBridge, 'exposeInMainWorld'>;
  readonly ipcRenderer: Pick<IpcRenderer, 'on' | 'send'>;
}

/** Exposes functions only: the page never holds ipcRenderer, an event or a port. */
export function exposeNodeApi({ contextBridge, ipcRenderer }: PreloadParts): void {
  const api = createPortNodeApi();
  ipcRenderer.on(PORT_CHANNEL, (event) => {
    const port = event.ports[0] as unknown as DomPort | undefined;
    if (port !== undefined) api.attach(fromDomPort(port));
  });
  contextBridge.exposeInMainWorld(BRIDGE_NAME, { request: api.request, subscribe: api.subscribe });
  ipcRenderer.send(CONNECT_CHANNEL);
}
