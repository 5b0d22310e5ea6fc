import { type ChildProcess, fork } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { AdapterChoice, AdapterDescription, WorkerOutbound } from '../../worker/messages.ts';
import { announceAdapter } from '../node/announce-adapter.ts';
import { openTuningCache } from '../store/tuning-cache.ts';
import { createGpuWorker, type GpuWorker, GpuWorkerError, type GpuWorkerPort } from '../node/gpu-worker.ts';
import { withoutSecrets } from './secrets.ts';

export interface GpuProcessOptions {
  /** A software adapter is unpacked below it. */
  readonly dataDirectory: string;
  readonly adapter: AdapterChoice;
  /** Lines that Dawn and the driver print. */
  readonly log: (line: string) => void;
  /** For start and adapter together; a driver's first start may compile for seconds. */
  readonly startTimeoutMs?: number;
}

export interface GpuProcess {
  readonly worker: GpuWorker;
  readonly description: AdapterDescription;
  /** One sentence for the owner, which says so when the adapter is a software one. */
  readonly announce: string;
  readonly processId: number;
  /** Resolves with the reason when the process is gone, however it went. */
  readonly gone: Promise<string>;
  /** Ends the process and resolves when it is gone; its GPU memory is free then. */
  stop(): Promise<void>;
}

const entry = fileURLToPath(new URL('../../worker/host/node.ts', import.meta.url));
const rawModules = new URL('../../worker/host/raw-modules.mjs', import.meta.url).href;
const defaultStartTimeoutMs = 60_000;
const keptLines = 5;
/** Dawn prints these for every Vulkan adapter with large limits; they say nothing to an owner. */
const noise = /^Warning: max\w+ artificially reduced/;

/**
 * Starts the GPU worker as a child of this process, on the Node that runs it, and opens the adapter. The child holds no
 * secrets and goes with its parent. For a software adapter it sets the Vulkan variables in its own process only.
 *
 * @throws GpuWorkerError with NO_ADAPTER, SOFTWARE_ONLY, DEVICE_REFUSED, TIMEOUT or WORKER_GONE.
 */
export async function startGpuProcess(options: GpuProcessOptions): Promise<GpuProcess> {
  const timeoutMs = options.startTimeoutMs ?? defaultStartTimeoutMs;
  const child = fork(entry, [options.dataDirectory], {
    execArgv: ['--disable-warning=ExperimentalWarning', '--import', rawModules],
    serialization: 'advanced',
    // It parses what strangers send.
    env: withoutSecrets(process.env),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const lastLines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) readLines(stream, options.log, lastLines);
  const { port, gone } = openPort(child, lastLines);
  const worker = createGpuWorker(port);
  const tuning = openTuningCache(options.dataDirectory, options.log);
  worker.onEvent((event) => {
    if (event.event === 'tuning') void tuning.keep(event.records);
  });

  const stop = async (): Promise<void> => {
    child.kill('SIGKILL');
    await gone;
  };
  try {
    const tuningRecords = await tuning.read();
    const description = await worker.call('open-adapter', { adapter: options.adapter, tuningRecords }, { timeoutMs });
    if (child.pid === undefined) throw new GpuWorkerError('WORKER_GONE', 'the GPU worker has no process id');
    return { worker, description, announce: announceAdapter(description), processId: child.pid, gone, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function openPort(child: ChildProcess, lastLines: readonly string[]): { port: GpuWorkerPort; gone: Promise<string> } {
  const { promise: gone, resolve } = Promise.withResolvers<string>();
  const tail = (): string => (lastLines.length === 0 ? '' : `; it last said: ${lastLines.join(' | ')}`);
  child.once('error', (error) => resolve(`it could not be started or reached: ${error.message}`));
  // 'close' comes after the output has been read to its end, so the last lines are there.
  child.once('close', (code, signal) => {
    resolve(`its process ended with ${signal === null ? `code ${code}` : signal}${tail()}`);
  });
  const port: GpuWorkerPort = {
    post(message) {
      // A closed channel is told by 'close'; without a callback it would be thrown as an 'error' event as well.
      if (child.connected) child.send(message, () => {});
    },
    onMessage: (listener) => child.on('message', (message) => listener(detach(message) as WorkerOutbound)),
    onClose: (listener) => void gone.then(listener),
  };
  return { port, gone };
}

/**
 * Typed arrays out of an IPC message are views into the whole message; as results they get a buffer of their own, so that
 * they can be transferred and do not keep the message alive.
 */
function detach(message: unknown): unknown {
  if (typeof message !== 'object' || message === null || !('result' in message)) return message;
  const { result } = message;
  if (typeof result !== 'object' || result === null) return message;
  for (const [key, value] of Object.entries(result)) {
    if (value instanceof Float32Array) Reflect.set(result, key, value.slice());
  }
  return message;
}

function readLines(stream: Readable | null, log: (line: string) => void, lastLines: string[]): void {
  if (stream === null) return;
  createInterface({ input: stream }).on('line', (line) => {
    if (line.trim() === '' || noise.test(line)) return;
    lastLines.push(line.slice(0, 300));
    if (lastLines.length > keptLines) lastLines.shift();
    log(line);
  });
}
