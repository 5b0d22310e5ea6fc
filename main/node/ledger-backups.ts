import type { Ledger } from '../ledger/index.ts';
import { backUpDaily } from '../ledger/index.ts';
import { errorText } from '../../protocol/errors.ts';

/** Looked at far more often than a day, because the machine may sleep through midnight. */
const lookEveryMs = 60 * 60_000;

/** Makes the day's copy of the ledger at the start and whenever a new day is seen; a failing disk is said and tried again. */
export function keepBackups(
  ledger: Pick<Ledger, 'backUp' | 'readEvents'>,
  options: { readonly directory: string; readonly log: (line: string) => void },
): { close(): void } {
  const { directory, log } = options;

  function look(): void {
    // Nothing has happened yet: there is nothing to copy.
    if (ledger.readEvents(0, 1).length === 0) return;
    try {
      const path = backUpDaily(ledger, { directory });
      if (path !== null) log(`Copied the ledger to ${path}.`);
    } catch (error) {
      log(`The ledger could not be copied: ${errorText(error)}`);
    }
  }

  look();
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}
