/** Stand-ins for the few parts of Electron that main/desktop takes as arguments; they record what is done to them. */
import { EventEmitter } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import type { BrowserWindow, BrowserWindowConstructorOptions, MessagePortMain, Session, WebContents } from 'electron';
import type { NodeApi, NodeRequestName, NodeSnapshot, NodeState } from '../../protocol/node-api.ts';
import type { KeychainStorage } from '../../main/desktop/keychain-host.ts';
import type { DesktopPort, MainPort } from '../../main/desktop/ports.ts';

/** Two connected DesktopPorts that clone what is sent, deliver in order and asynchronously, and close together. */
export function createPortPair(): [DesktopPort, DesktopPort] {
  const sides = [createSide(), createSide()] as const;
  const open = { value: true };
  const connect = (own: PortSide, other: PortSide): DesktopPort => ({
    send(message) {
      const copy = structuredClone(message);
      if (open.value) queueMicrotask(() => other.deliver(copy));
    },
    onMessage: (listener) => own.listen(listener),
    onClose: (listener) => own.closeListeners.push(listener),
    close() {
      if (!open.value) return;
      open.value = false;
      for (const side of sides) for (const listener of side.closeListeners) queueMicrotask(listener);
    },
  });
  return [connect(sides[0], sides[1]), connect(sides[1], sides[0])];
}

interface PortSide {
  readonly closeListeners: (() => void)[];
  deliver(message: unknown): void;
  listen(listener: (message: unknown) => void): void;
}

function createSide(): PortSide {
  const waiting: unknown[] = [];
  let listener: ((message: unknown) => void) | null = null;
  return {
    closeListeners: [],
    deliver(message) {
      if (listener === null) waiting.push(message);
      else listener(message);
    },
    listen(newListener) {
      listener = newListener;
      for (const message of waiting.splice(0)) newListener(message);
    },
  };
}

/** A MessagePortMain as Electron gives it: an emitter whose messages are events. */
export function toMainPort(port: DesktopPort): MainPort {
  const emitter = new EventEmitter();
  port.onClose(() => emitter.emit('close'));
  return Object.assign(emitter, {
    postMessage: port.send,
    start: () => port.onMessage((data) => emitter.emit('message', { data })),
    close: port.close,
  });
}

export function createMainChannel(): { port1: MessagePortMain; port2: MessagePortMain } {
  const [one, two] = createPortPair();
  return {
    port1: toMainPort(one) as unknown as MessagePortMain,
    port2: toMainPort(two) as unknown as MessagePortMain,
  };
}

/** A real browser-like MessagePort pair, for code that takes the DOM's. */
export function createDomChannel(): MessageChannel {
  return new MessageChannel();
}

export class FakeContents extends EventEmitter {
  readonly posted: { channel: string; message: unknown; ports: unknown[] }[] = [];
  openHandler: ((details: { url: string }) => { action: string }) | null = null;
  postMessage(channel: string, message: unknown, ports: unknown[] = []): void {
    this.posted.push({ channel, message, ports });
  }
  setWindowOpenHandler(handler: (details: { url: string }) => { action: string }): void {
    this.openHandler = handler;
  }
  asContents(): WebContents {
    return this as unknown as WebContents;
  }
}

export class FakeWindow extends EventEmitter {
  readonly webContents = new FakeContents();
  readonly options: BrowserWindowConstructorOptions;
  readonly calls: string[] = [];
  loaded: string | null = null;
  private destroyed = false;
  constructor(options: BrowserWindowConstructorOptions) {
    super();
    this.options = options;
  }
  loadURL(address: string): Promise<void> {
    this.loaded = address;
    return Promise.resolve();
  }
  show(): void {
    this.calls.push('show');
  }
  focus(): void {
    this.calls.push('focus');
  }
  restore(): void {
    this.calls.push('restore');
  }
  isMinimized(): boolean {
    return false;
  }
  isDestroyed(): boolean {
    return this.destroyed;
  }
  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.calls.push('destroy');
    this.emit('closed');
  }
  asWindow(): BrowserWindow {
    return this as unknown as BrowserWindow;
  }
}

export class FakeSession extends EventEmitter {
  readonly handlers = new Map<string, (...parameters: never[]) => unknown>();
  readonly schemes = new Map<string, (request: Request) => Promise<Response>>();
  readonly protocol = {
    handle: (scheme: string, handler: (request: Request) => Promise<Response>): void => {
      this.schemes.set(scheme, handler);
    },
  };
  setPermissionRequestHandler(handler: (...parameters: never[]) => unknown): void {
    this.handlers.set('request', handler);
  }
  setPermissionCheckHandler(handler: (...parameters: never[]) => unknown): void {
    this.handlers.set('check', handler);
  }
  setDevicePermissionHandler(handler: (...parameters: never[]) => unknown): void {
    this.handlers.set('device', handler);
  }
  setDisplayMediaRequestHandler(handler: (...parameters: never[]) => unknown): void {
    this.handlers.set('display', handler);
  }
  asSession(): Session {
    return this as unknown as Session;
  }
}

function turn(text: string): string {
  return text.split('').toReversed().join('');
}

/** A safeStorage that seals by turning the text around behind a mark of its own. */
export function createFakeSafeStorage({ shouldReEncrypt = false } = {}): KeychainStorage {
  return {
    isAsyncEncryptionAvailable: () => Promise.resolve(true),
    encryptStringAsync: (text) => Promise.resolve(Buffer.from(`v10${turn(text)}`)),
    async decryptStringAsync(sealed) {
      const text = sealed.toString();
      if (!text.startsWith('v10')) throw new Error(`cannot decrypt ${text}`);
      return { result: turn(text.slice(3)), shouldReEncrypt };
    },
    getSelectedStorageBackend: () => 'gnome_libsecret',
  };
}

/** A clock and a timer queue that a test moves by hand. */
export function createFakeTime(): {
  nowMs(): number;
  schedule(delayMs: number, task: () => void): () => void;
  advance(byMs: number): void;
  readonly planned: readonly number[];
} {
  let now = 0;
  let queue: { atMs: number; task: () => void }[] = [];
  return {
    nowMs: () => now,
    schedule(delayMs, task) {
      const entry = { atMs: now + delayMs, task };
      queue.push(entry);
      return () => {
        queue = queue.filter((other) => other !== entry);
      };
    },
    advance(byMs) {
      now += byMs;
      const due = queue.filter(({ atMs }) => atMs <= now);
      queue = queue.filter(({ atMs }) => atMs > now);
      for (const { task } of due) task();
    },
    get planned() {
      return queue.map(({ atMs }) => atMs - now);
    },
  };
}

/** A NodeApi that records what it is asked; `publish` pushes a snapshot to whoever subscribed. */
export function createRecordingNodeApi(): NodeApi & {
  readonly asked: { name: NodeRequestName; parameters: unknown }[];
  readonly subscriberCount: number;
  publish(snapshot: NodeSnapshot): void;
} {
  const listeners = new Set<(snapshot: NodeSnapshot) => void>();
  const asked: { name: NodeRequestName; parameters: unknown }[] = [];
  return {
    asked,
    get subscriberCount() {
      return listeners.size;
    },
    publish(snapshot) {
      for (const listener of listeners) listener(snapshot);
    },
    async request(name, parameters) {
      asked.push({ name, parameters });
      const answer: unknown = name === 'getSnapshot' ? snapshotIn(waitingState) : waitingState;
      return answer as never;
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export const waitingState: NodeState = { name: 'waiting', reason: 'Waiting for work; 2 peers.', sinceMs: 1 };

export function snapshotIn(state: NodeState): NodeSnapshot {
  return {
    version: '0.1.0',
    name: 'test',
    state,
    adapter: null,
    peerId: null,
    addresses: [],
    peerCount: 2,
    wallet: null,
    chainId: null,
    tasks: [],
    earnings: { currency: 'USDC', decimals: 6, earned: '0', claimed: '0', settled: '0', spent: '0', series: [] },
  };
}

/** Lets everything that was queued as a microtask or a port message happen. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
