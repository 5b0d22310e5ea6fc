/** The node core in the utility process, with its parts as arguments: waits for a GPU, starts the node, serves it, stops it. */
import type { NodeApi } from '../../protocol/node-api.ts';
import { announceAdapter } from '../node/announce-adapter.ts';
import type { TuningCache } from '../store/tuning-cache.ts';
import type { GpuHost } from '../node/node-options.ts';
import { parseToCore } from './core-messages.ts';
import type { FromCore } from './core-messages.ts';
import type { AdapterDescription } from '../../worker/messages.ts';
import { createKeychainLink } from './keychain-link.ts';
import { scheduleWithTimer } from './supervisor.ts';
import { PaymentError, type Keychain } from '../payment/index.ts';
import { createGpuWorkerLink } from './gpu-worker-link.ts';
import type { AdapterOutcome, GpuWorkerLink } from './gpu-worker-link.ts';
import { fromMainPort } from './ports.ts';
import type { MainPort } from './ports.ts';
import { serveNodeApi } from './serve-node-api.ts';
import { createSwitchingNodeApi } from './switching-node-api.ts';
import { errorText } from '../../protocol/errors.ts';

/** The part of Electron's `process.parentPort` that is used. */
export interface CoreParentPort {
  on(event: 'message', listener: (event: { data: unknown; ports: readonly MainPort[] }) => void): unknown;
  postMessage(message: unknown): void;
}

const RELEASE_TIMEOUT_MS = 3_000;
const RETRY_MS = 30_000;

/** The wallet does not open, and only its owner can do something about it: unlock a keychain, mend a file. */
function isForTheOwner(error: unknown): error is PaymentError {
  return error instanceof PaymentError && /^(?:WALLET|KEYCHAIN)_/.test(error.code);
}

export interface RunningNode {
  readonly api: NodeApi;
  stop(): Promise<void>;
  /** Resolves when the node has stopped, also when its own API asked it to. */
  readonly closed: Promise<unknown>;
}

export interface RunCoreParts {
  readonly parentPort: CoreParentPort;
  readonly adapter: string;
  readonly tuning: TuningCache;
  /** Somebody has come to the machine, or left it. */
  readonly onOwner: (isPresent: boolean) => void;
  readonly version: string;
  readonly startNode: (gpu: GpuHost, keychain: Keychain) => Promise<RunningNode>;
  readonly exit: (code: number) => void;
  readonly nowMs: () => number;
  readonly schedule?: (delayMs: number, task: () => void) => () => void;
  readonly log: (sentence: string) => void;
}

export function runCore(parts: RunCoreParts): void {
  const { parentPort, log, schedule = scheduleWithTimer } = parts;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the parent process, not a window
  const send = (message: FromCore): void => parentPort.postMessage(message);
  const grants = new Map<number, (token: string) => void>();
  let nextGrantId = 1;
  let phase: 'waiting' | 'starting' | 'running' | 'stopping' = 'waiting';
  let node: RunningNode | null = null;

  const link = createGpuWorkerLink({
    adapter: parts.adapter,
    tuning: parts.tuning,
    grantFile(path) {
      const id = nextGrantId++;
      const { promise, resolve } = Promise.withResolvers<string>();
      grants.set(id, resolve);
      send({ kind: 'grant', id, path });
      return promise;
    },
    revokeFile: (token) => send({ kind: 'revoke', token }),
    restartWorker: (reason) => send({ kind: 'restart-worker', reason }),
  });
  const keychain = createKeychainLink({ send, schedule });
  const api = createSwitchingNodeApi({
    version: parts.version,
    name: 'hearth',
    initial: { name: 'starting', reason: 'Waiting for the GPU worker.', sinceMs: parts.nowMs() },
  });
  link.onAdapter((outcome) => void onAdapter(outcome));

  async function onAdapter(outcome: AdapterOutcome): Promise<void> {
    if (phase !== 'waiting') return;
    if (!outcome.ok) {
      log(outcome.message);
      const fix = 'Run "hearth doctor" for the cause; it is tried again by itself.';
      api.setState({ name: 'blocked', reason: asSentence(outcome.message), fix, sinceMs: parts.nowMs() });
      return;
    }
    await start(outcome.description);
  }

  async function start(description: AdapterDescription): Promise<void> {
    phase = 'starting';
    api.setState({ name: 'starting', reason: 'The node is starting.', sinceMs: parts.nowMs() });
    try {
      node = await parts.startNode(toGpuHost(link, description), keychain);
      // A stop that came meanwhile waited for the node to be there.
      if (isStopping()) await node.stop();
      else {
        phase = 'running';
        api.switchTo(node.api);
      }
      await node.closed;
    } catch (error) {
      if (node !== null || isStopping() || !isForTheOwner(error)) fail(error);
      else block(error, description);
      return;
    }
    // Exit code 0 tells the shell that this was asked for.
    parts.exit(0);
  }

  /** A process that ended would take the reason away with it: this one stays, says it and tries again. */
  function block(error: PaymentError, description: AdapterDescription): void {
    phase = 'waiting';
    log(error.message);
    const fix = `The node starts by itself then: it is tried every ${RETRY_MS / 1_000} s.`;
    api.setState({ name: 'blocked', reason: asSentence(error.message), fix, sinceMs: parts.nowMs() });
    schedule(RETRY_MS, () => {
      if (phase === 'waiting') void start(description);
    });
  }

  function fail(error: unknown): void {
    const doing = node === null ? 'did not start' : 'failed';
    send({ kind: 'failed', message: `The node ${doing}: ${errorText(error)}` });
    parts.exit(1);
  }

  // A function, because the compiler would hold `phase` to what it was before the await.
  function isStopping(): boolean {
    return phase === 'stopping';
  }

  async function stop(): Promise<void> {
    if (phase === 'stopping') return;
    const wasStarting = phase === 'starting';
    phase = 'stopping';
    if (wasStarting) return;
    if (node === null) parts.exit(0);
    // `closed` resolves with it.
    else await node.stop();
  }

  parentPort.on('message', ({ data, ports }) => {
    try {
      const message = parseToCore(data);
      const [port] = ports;
      if (message.kind === 'owner') parts.onOwner(message.isPresent);
      else if (message.kind === 'stop') stop().catch((error: unknown) => fail(error));
      else if (message.kind === 'granted') {
        grants.get(message.id)?.(message.token);
        grants.delete(message.id);
      } else if (message.kind === 'keychain-answer') keychain.receive(message);
      else if (port !== undefined) {
        if (message.purpose === 'worker') link.attach(fromMainPort(port));
        else serveNodeApi(fromMainPort(port), api);
      }
    } catch (error) {
      log(`Ignored a message of the shell: ${errorText(error)}`);
    }
  });
}

/** The main process ends the window when the core has ended, so stopping only frees what the worker holds. */
function toGpuHost(link: GpuWorkerLink, description: AdapterDescription): GpuHost {
  const { worker } = link;
  return {
    worker,
    description,
    announce: announceAdapter(description),
    ready: () => link.ready(),
    async stop() {
      // A worker that is gone or does not answer is freed with its window.
      await worker.call('release', {}, { timeoutMs: RELEASE_TIMEOUT_MS }).catch(() => {});
    },
  };
}

function asSentence(message: string): string {
  const text = message.charAt(0).toUpperCase() + message.slice(1);
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
