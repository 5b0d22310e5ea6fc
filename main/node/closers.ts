import { errorText } from '../../protocol/errors.ts';

/** Closes what was opened, newest first; one failure does not keep the rest open. */
export class Closers {
  readonly #closers: (() => void | Promise<void>)[] = [];

  add(closer: () => void | Promise<void>): void {
    this.#closers.push(closer);
  }

  async closeAll(log: (line: string) => void): Promise<void> {
    for (const closer of this.#closers.splice(0).toReversed()) {
      try {
        await closer();
      } catch (error) {
        log(`While stopping: ${errorText(error)}`);
      }
    }
  }
}
