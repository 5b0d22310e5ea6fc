import type { ErrorShape } from '../../protocol/errors.ts';
import type { Task } from '../../protocol/tasks.ts';
import type { RequesterComponents } from './components.ts';
import { findOffers, type Offers } from './purchase/find-offers.ts';

/** Asked again this often while nobody is there, besides whenever a peer comes or goes. */
const askAgainMs = 1_000;
const defaultWaitMs = 10_000;

/** Whoever answers so answers so again: the same task will not be asked about twice. */
const finalCodes: ReadonlySet<string> = new Set([
  'UNKNOWN_MODEL',
  'UNKNOWN_SCENE',
  'UNKNOWN_ENVIRONMENT',
  'BAD_SCENE',
  'TOO_LARGE',
  'SHADER_SET',
]);

/** Which providers a job still turns to. */
export class ProviderRound {
  readonly #components: RequesterComponents;
  /** Gave a wrong result: never again in this job. */
  readonly #distrusted = new Set<string>();
  /** Lost, busy or handed back: only when nobody else is left. */
  readonly #tired = new Set<string>();
  /** Cannot do it, and why. */
  readonly #unable = new Map<string, ErrorShape>();
  #refusals: readonly ErrorShape[] = [];
  readonly #only: string | undefined;

  /** `only`: the one peer that is asked. */
  constructor(components: RequesterComponents, only?: string) {
    this.#components = components;
    this.#only = only;
  }

  /** What those said who were asked and made no offer. */
  get refusals(): readonly ErrorShape[] {
    return [...this.#unable.values(), ...this.#refusals];
  }

  distrust(peerId: string): void {
    this.#distrusted.add(peerId);
  }

  tire(peerId: string): void {
    this.#tired.add(peerId);
  }

  /** Offers of fresh providers, else of tired ones, waiting a while for some to appear. Empty when none did, or none can. */
  async offers(task: Task, signal: AbortSignal): Promise<Offers> {
    const deadline = performance.now() + (this.#components.providerWaitMs ?? defaultWaitMs);
    for (;;) {
      const fresh = await this.#ask(task, [...this.#distrusted, ...this.#tired], signal);
      if (fresh.offers.length > 0) return fresh;
      const any = this.#tired.size === 0 ? fresh : await this.#ask(task, [...this.#distrusted], signal);
      this.#tired.clear();
      if (any.offers.length > 0) return any;
      const leftMs = deadline - performance.now();
      // All who are there have said what they will say again.
      const isHopeless = this.#unable.size > 0 && this.#refusals.length === 0;
      if (leftMs <= 0 || isHopeless) return any;
      await this.#peersChanged(Math.min(leftMs, askAgainMs), signal);
    }
  }

  async #ask(task: Task, without: readonly string[], signal: AbortSignal): Promise<Offers> {
    const exclude = new Set([...without, ...this.#unable.keys()]);
    const { offers, refusals } = await findOffers(this.#components, task, { exclude, only: this.#only, signal });
    for (const refusal of refusals) {
      const peerId = refusal.data?.['peerId'];
      if (typeof peerId === 'string' && finalCodes.has(refusal.code)) this.#unable.set(peerId, refusal);
    }
    this.#refusals = refusals.filter(({ code }) => !finalCodes.has(code));
    return { offers, refusals: this.refusals };
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
