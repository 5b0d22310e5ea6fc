import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import type { Hex } from '../../protocol/agreement.ts';
import { HearthError } from '../../protocol/errors.ts';
import { openApiClient, type ApiClient } from '../headless/api-client.ts';
import type { ChainSettings } from '../payment/types.ts';

export class DemoError extends HearthError<'PROVIDER_FAILED' | 'PROVIDER_MISSING' | 'UNBALANCED'> {}

export interface ProviderProcess {
  readonly name: string;
  readonly processId: number;
  readonly peerId: string;
  readonly address: string;
  readonly wallet: Hex;
  /** Opens the provider's dashboard. */
  readonly link: string;
  readonly api: ApiClient;
  /** Resolves with a sentence when the process has ended, however it went. */
  readonly gone: Promise<string>;
  stop(): Promise<void>;
}

export interface ProviderProcessOptions {
  readonly name: string;
  readonly dataDirectory: string;
  readonly adapter: string;
  readonly chain: ChainSettings;
  readonly log: (line: string) => void;
  readonly signal: AbortSignal;
}

const entry = fileURLToPath(new URL('../headless/main.ts', import.meta.url));
const startTimeoutMs = 90_000;
const stopTimeoutMs = 10_000;

/**
 * Starts `hearth start --json` as a process of its own on loopback: the very command an operator runs, so that a kill in
 * the middle of the demo is a real one.
 *
 * @throws DemoError PROVIDER_FAILED with its last words when it does not come up.
 */
export async function startProviderProcess(options: ProviderProcessOptions): Promise<ProviderProcess> {
  const { name, dataDirectory, chain, log, signal } = options;
  const child = spawn(
    process.execPath,
    [
      '--disable-warning=ExperimentalWarning',
      entry,
      'start',
      '--json',
      `--data-dir=${dataDirectory}`,
      `--adapter=${options.adapter}`,
      '--listen=/ip4/127.0.0.1/tcp/0',
      '--no-mdns',
      `--rpc-url=${chain.rpcUrl}`,
      `--token=${chain.token}`,
      `--name=${name}`,
    ],
    // The channel carries no message: its end tells the provider that the demo is gone.
    { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] },
  );
  let lastLine = '';
  createInterface({ input: outputOf(child, 'stderr') }).on('line', (line) => {
    lastLine = line;
    log(`${name}: ${line}`);
  });
  const { promise: gone, resolve: resolveGone } = Promise.withResolvers<string>();
  child.once('error', (error) => resolveGone(`${name} could not be started: ${error.message}`));
  child.once('close', (code, killedBy) => {
    resolveGone(
      `${name} ended with ${killedBy ?? `code ${code}`}${lastLine === '' ? '' : `; it last said: ${lastLine}`}`,
    );
  });
  try {
    const started = await waitForStart(child, gone, signal, name);
    const api = await openApiClient(dataDirectory);
    return { name, ...started, api, gone, stop: () => stopProcess(child, gone) };
  } catch (error) {
    await stopProcess(child, gone);
    throw error;
  }
}

type Started = Pick<ProviderProcess, 'processId' | 'peerId' | 'address' | 'wallet' | 'link'>;

async function waitForStart(
  child: ChildProcess,
  gone: Promise<string>,
  signal: AbortSignal,
  name: string,
): Promise<Started> {
  const { promise, resolve, reject } = Promise.withResolvers<Started>();
  const fail = (reason: string) => reject(new DemoError('PROVIDER_FAILED', reason));
  createInterface({ input: outputOf(child, 'stdout') }).on('line', (line) => {
    const started = readStarted(line, child.pid ?? 0);
    if (started !== null) resolve(started);
  });
  const timer = setTimeout(() => fail(`${name} was not up within ${startTimeoutMs / 1000} s`), startTimeoutMs);
  const onAbort = () => fail(`${name} was stopped while it started`);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  void gone.then(fail);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

function outputOf(child: ChildProcess, name: 'stdout' | 'stderr'): Readable {
  const stream = child[name];
  if (stream === null) throw new DemoError('PROVIDER_FAILED', `the process has no ${name}`);
  return stream;
}

function readStarted(line: string, processId: number): Started | null {
  const value: unknown = JSON.parse(line);
  if (typeof value !== 'object' || value === null || !('event' in value) || value.event !== 'started') return null;
  const { addresses, peerId, wallet, link } = value as Readonly<Record<string, unknown>>;
  const address: unknown = Array.isArray(addresses) ? addresses[0] : undefined;
  if (
    typeof address !== 'string' ||
    typeof peerId !== 'string' ||
    typeof wallet !== 'string' ||
    typeof link !== 'string'
  )
    return null;
  return { processId, peerId, address, wallet: wallet as Hex, link };
}

async function stopProcess(child: ChildProcess, gone: Promise<string>): Promise<void> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), stopTimeoutMs);
  await gone;
  clearTimeout(timer);
}
