import type { Hello } from './hello/index.ts';
import type { CallOptions, KnownPeer } from './types.ts';
import { errorText } from '../../protocol/errors.ts';

const firstRetryMs = 1_000;
const longestRetryMs = 60_000;

/** Dials every bootstrap address until it answers, and again with growing pauses after its peer is gone. */
export function keepConnected(options: {
  readonly addresses: readonly string[];
  readonly connect: (address: string, call: CallOptions) => Promise<KnownPeer>;
  readonly hello: Hello;
  readonly log: (sentence: string) => void;
}): { stop(): void } {
  const { addresses, connect, hello, log } = options;
  const controller = new AbortController();
  const { signal } = controller;

  async function keep(address: string): Promise<void> {
    let retryMs = firstRetryMs;
    while (!signal.aborted) {
      try {
        const peer = await connect(address, { signal });
        retryMs = firstRetryMs;
        await gone(peer.peerId);
      } catch (error) {
        if (!signal.aborted) log(`${address}: ${errorText(error)}`);
      }
      await pause(retryMs, signal);
      retryMs = Math.min(retryMs * 2, longestRetryMs);
    }
  }

  function gone(peerId: string): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (hello.known(peerId) !== null && !signal.aborted) return;
        unsubscribe();
        signal.removeEventListener('abort', check);
        resolve();
      };
      const unsubscribe = hello.onChange(check);
      signal.addEventListener('abort', check);
      check();
    });
  }

  for (const address of addresses) void keep(address);
  return { stop: () => controller.abort() };
}

function pause(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, durationMs);
    signal.addEventListener('abort', done, { once: true });
    if (signal.aborted) done();
  });
}
