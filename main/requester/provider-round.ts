import type { ErrorShape } from '../../protocol/errors.ts';
import type { Task } from '../../protocol/tasks.ts';
import type { RequesterComponents } from './components.ts';
import { findOffers, type Offers } from './purchase/find-offers.ts';

/** Asked again this often while nobody is there, besides whenever a peer comes or goes. */
const askAgainMs = 1_000;
const defaultWaitMs = 10_000;

/** Which providers a job still turns to. */
export class ProviderRound {
  readonly #components: RequesterComponents;
  /** Gave a wrong result: never again in this job. */
  readonly #distrusted = new Set<string>();
  /** Lost, busy or handed back: only when nobody else is left. */
  readonly #tired = new Set<string>();
  #refusals: readonly ErrorShape[] = [];

  constructor(components: RequesterComponents) {
    this.#components = components;
  }

  get refusals(): readonly ErrorShape[] {
    return this.#refusals;
  }

  distrust(peerId: string): void {
    this.#distrusted.add(peerId);
  }

  tire(peerId: string): void {
    this.#tired.add(peerId);
  }

  /** Offers of fresh providers, else of tired ones, waiting a while for some to appear. Empty when none did. */
  async offers(task: Task, signal: AbortSignal): Promise<Offers> {
    const deadline = performance.now() + (this.#components.providerWaitMs ?? defaultWaitMs);
    for (;;) {
      const fresh = await this.#ask(task, new Set([...this.#distrusted, ...this.#tired]), signal);
      if (fresh.offers.length > 0) return fresh;
      this.#tired.clear();
      const any = await this.#ask(task, this.#distrusted, signal);
      if (any.offers.length > 0) return any;
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return any;
      await this.#peersChanged(Math.min(leftMs, askAgainMs), signal);
    }
  }

  async #ask(task: Task, exclude: ReadonlySet<string>, signal: AbortSignal): Promise<Offers> {
    const found = await findOffers(this.#components, task, { exclude, signal });
    this.#refusals = found.refusals;
    return found;
  }

  #peersChanged(timeoutMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        clearTimeout(timer);
        unsubscribe();
        signal.removeEventListener('abort', onAbort);
      };
      const done = (): void => {
        end();
        resolve();
      };
      const onAbort = (): void => {
        end();
        reject(signal.reason);
      };
      const timer = setTimeout(done, timeoutMs);
      const unsubscribe = this.#components.network.onPeersChanged(done);
      signal.addEventListener('abort', onAbort, { once: true });
    });
  }
}
