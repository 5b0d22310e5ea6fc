/**
 * One shape for the two kinds of port that meet here: Electron's MessagePortMain (main and utility process: an event
 * emitter) and the browser's MessagePort (preload and page: an event target). Both clone what is sent; only the browser's
 * can transfer an ArrayBuffer, so bytes that cross a process are copied once.
 */
export interface DesktopPort {
  send(message: unknown): void;
  /** Starts delivery; called once. */
  onMessage(listener: (message: unknown) => void): void;
  onClose(listener: () => void): void;
  close(): void;
}

/** The part of Electron.MessagePortMain that is used. */
export interface MainPort {
  postMessage(message: unknown): void;
  on(event: 'message', listener: (event: { data: unknown }) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  start(): void;
  close(): void;
}

/** The part of the DOM's MessagePort that is used; this room has no DOM types. */
export interface DomPort {
  postMessage(message: unknown): void;
  addEventListener(event: 'message', listener: (event: { data: unknown }) => void): void;
  addEventListener(event: 'close', listener: () => void): void;
  start(): void;
  close(): void;
}

export function fromMainPort(port: MainPort): DesktopPort {
  return {
    send: (message) => port.postMessage(message),
    onMessage(listener) {
      port.on('message', (event) => listener(event.data));
      port.start();
    },
    onClose: (listener) => void port.on('close', listener),
    close: () => port.close(),
  };
}

export function fromDomPort(port: DomPort): DesktopPort {
  return {
    send: (message) => port.postMessage(message),
    onMessage(listener) {
      port.addEventListener('message', (event) => listener(event.data));
      port.start();
    },
    onClose: (listener) => port.addEventListener('close', listener),
    close: () => port.close(),
  };
}
