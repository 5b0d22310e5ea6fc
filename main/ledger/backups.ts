/** One copy of the ledger a day, the newest of them kept. Deleting the ledger's folder does not delete what was copied elsewhere. */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Ledger } from './ledger.ts';

/** A week: long enough to notice, short enough for the disk. */
const usualKept = 7;
const namePattern = /^ledger-\d{4}-\d{2}-\d{2}\.db$/;

/** File names of the backups in the folder, oldest first. */
export function listBackups(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
      .filter((name) => namePattern.test(name))
      .toSorted();
  } catch {
    return [];
  }
}

/**
 * Makes today's backup (UTC) unless it is there, then removes what is older than the newest `keep`. Answers the path of
 * a backup that was made, else null. Copying blocks the process, about a second for each 200 MB.
 * @throws LedgerError LEDGER_STORAGE, LEDGER_CORRUPT; older backups then stay
 */
export function backUpDaily(
  ledger: Pick<Ledger, 'backUp'>,
  options: { readonly directory: string; readonly now?: () => number; readonly keep?: number },
): string | null {
  const { directory, now = Date.now, keep = usualKept } = options;
  const name = `ledger-${new Date(now()).toISOString().slice(0, 10)}.db`;
  if (listBackups(directory).includes(name)) return null;
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, name);
  ledger.backUp(path);
  for (const old of listBackups(directory).slice(0, -keep)) rmSync(join(directory, old));
  return path;
}
