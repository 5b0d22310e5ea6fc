/** What the worker window's preload does: it hands the core's port to the page, and exposes nothing. */
import type { IpcRenderer } from 'electron';
import { CONNECT_CHANNEL, PORT_CHANNEL, WORKER_PORT_MESSAGE } from './channels.ts';

/** The part of the page's `window` that is used; this room has no DOM types. */
export interface PageWindow {
  readonly location: { readonly origin: string };
  postMessage(message: unknown, targetOrigin: string, transfer: readonly unknown[]): void;
  addEventListener(event: 'load', listener: () => void): void;
}

/** The port is asked for when the page has loaded, so that its listener is there before the port is. */
export function handOverPort(ipcRenderer: Pick<IpcRenderer, 'on' | 'send'>, page: PageWindow): void {
  ipcRenderer.on(PORT_CHANNEL, (event) => page.postMessage(WORKER_PORT_MESSAGE, page.location.origin, event.ports));
  page.addEventListener('load', () => ipcRenderer.send(CONNECT_CHANNEL));
}
