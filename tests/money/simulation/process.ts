/** A party whose process may die at any step of any write to its ledger, and comes back with nothing but its files. */
import { openLedger } from '../../../main/ledger/index.ts';
import type { Ledger } from '../../../main/ledger/index.ts';
import type { Random } from './seeded-random.ts';

export class ProcessDied extends Error {}

export interface Process<State> {
  readonly state: State;
  readonly ledger: Ledger;
  readonly deaths: number;
  /** Runs one handler. When the process dies in it, what it still had to do is lost, and a new process starts. */
  handle(action: (state: State, ledger: Ledger) => void | Promise<void>): Promise<void>;
  /** From now on it lives. */
  spare(): void;
  close(): void;
}

export function startProcess<State>(options: {
  readonly path: string;
  readonly random: Random;
  /** One append in so many ends the process at one of its four steps. */
  readonly deathEvery: number;
  readonly now: () => number;
  readonly boot: (ledger: Ledger) => State;
}): Process<State> {
  const { path, random, now, boot } = options;
  let { deathEvery } = options;
  let deaths = 0;
  let isBooting = true;
  let ledger = open();
  let state = boot(ledger);
  isBooting = false;

  function open(): Ledger {
    return openLedger({
      path,
      now,
      onEdge: () => {
        if (!isBooting && deathEvery > 0 && random.once(4 * deathEvery)) throw new ProcessDied();
      },
    });
  }

  return {
    get state() {
      return state;
    },
    get ledger() {
      return ledger;
    },
    get deaths() {
      return deaths;
    },
    async handle(action) {
      try {
        await action(state, ledger);
      } catch (error) {
        if (!(error instanceof ProcessDied)) throw error;
        deaths += 1;
        ledger.close();
        isBooting = true;
        ledger = open();
        state = boot(ledger);
        isBooting = false;
      }
    },
    spare: () => (deathEvery = 0),
    close: () => ledger.close(),
  };
}
