import { errorText } from '../../../protocol/errors.ts';
/** Checks that run one after another beside the stream. The first that finds a fault ends the others. */
export class AuditQueue {
  #tail: Promise<void> = Promise.resolve();
  #fault: string | null = null;
  #failure: string | null = null;
  #done = 0;

  get fault(): string | null {
    return this.#fault;
  }

  /** Why checking stopped without a finding: the checker's own trouble, never the provider's. */
  get failure(): string | null {
    return this.#failure;
  }

  /** Checks that came to an end. */
  get done(): number {
    return this.#done;
  }

  /** `check` resolves with what is wrong, or null. */
  add(check: () => Promise<string | null>): void {
    this.#tail = this.#runAfter(this.#tail, check);
  }

  async #runAfter(earlier: Promise<void>, check: () => Promise<string | null>): Promise<void> {
    await earlier;
    if (this.#fault !== null || this.#failure !== null) return;
    try {
      this.#fault = await check();
      this.#done += 1;
    } catch (error) {
      this.#failure = errorText(error);
    }
  }

  async settle(): Promise<void> {
    await this.#tail;
  }
}
