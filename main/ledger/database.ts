/** Opens the file: one writer, durable commits, the right version, and nothing that fails its checks. */
import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { LedgerError } from './ledger-error.ts';
import type { LedgerErrorCode } from './ledger-error.ts';
import { integer, text } from './records.ts';
import type { Row } from './records.ts';
import { applicationId, migrations } from './schema.ts';

/** What an owner can do about a ledger that does not open. */
export const rescueHint = '"hearth channels --export FILE" saves the vouchers that are in it';

/** How long another process may hold the file before we give up; a node that ends needs less. */
const lockTimeoutMs = 500;

/** @throws LedgerError */
export function openDatabase(path: string): DatabaseSync {
  return translateErrors(path, () => {
    const isFile = path !== ':memory:';
    if (isFile) {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      createPrivateFile(path);
    }
    const database = new DatabaseSync(path, { timeout: lockTimeoutMs });
    try {
      // Exclusive before WAL: the lock then lasts until the process ends, however it ends, and no shared memory is needed.
      database.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;');
      database.exec('PRAGMA trusted_schema = OFF; BEGIN IMMEDIATE; COMMIT;');
      migrate(database, path);
      checkPages(database, path);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

/**
 * Whom we pay is nobody else's business; SQLite gives its write-ahead log the mode of the file. An existing file is not
 * opened: POSIX drops a process's locks on a file when any descriptor of it is closed, those of an open ledger too.
 */
function createPrivateFile(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  }
}

function migrate(database: DatabaseSync, path: string): void {
  const version = readPragma(database, 'user_version');
  const owner = readPragma(database, 'application_id');
  const tableCount = integer(database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as Row, 'tables');
  if (owner !== applicationId && (tableCount > 0 || version !== 0 || owner !== 0)) {
    throw new LedgerError('LEDGER_FOREIGN', `${path} is a database, but not a ledger of Hearth; it was left as it is`);
  }
  if (version > migrations.length) {
    throw new LedgerError(
      'LEDGER_NEWER',
      `${path} has version ${version}, this Hearth knows up to ${migrations.length}; update Hearth`,
      { data: { version, known: migrations.length } },
    );
  }
  for (const [index, migration] of migrations.entries()) {
    if (index < version) continue;
    database.exec(
      `BEGIN IMMEDIATE; ${migration}
      PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${index + 1}; COMMIT;`,
    );
  }
}

function readPragma(database: DatabaseSync, name: 'user_version' | 'application_id'): number {
  return integer(database.prepare(`PRAGMA ${name}`).get() as Row, name);
}

function checkPages(database: DatabaseSync, path: string): void {
  const answer = text(database.prepare('PRAGMA quick_check(1)').get() as Row, 'quick_check');
  if (answer !== 'ok')
    throw new LedgerError('LEDGER_CORRUPT', `${path} fails SQLite's integrity check: ${answer}; ${rescueHint}`);
}

/** SQLite's primary result codes that have a meaning for us. */
const codeOfResult: Readonly<Record<number, LedgerErrorCode>> = {
  5: 'LEDGER_LOCKED',
  6: 'LEDGER_LOCKED',
  8: 'LEDGER_STORAGE',
  10: 'LEDGER_STORAGE',
  11: 'LEDGER_CORRUPT',
  13: 'LEDGER_STORAGE',
  14: 'LEDGER_STORAGE',
  19: 'LEDGER_DUPLICATE',
  26: 'LEDGER_CORRUPT',
};

/** Runs `action`, turning SQLite's and the file system's errors into LedgerError. */
export function translateErrors<Result>(path: string, action: () => Result): Result {
  try {
    return action();
  } catch (cause) {
    if (cause instanceof LedgerError || !(cause instanceof Error)) throw cause;
    // Extended result codes keep the primary one in their low byte.
    const result = 'errcode' in cause && typeof cause.errcode === 'number' ? cause.errcode & 0xff : undefined;
    const fileSystemCode = 'syscall' in cause ? 'LEDGER_STORAGE' : undefined;
    const code = (result === undefined ? undefined : codeOfResult[result]) ?? fileSystemCode;
    if (code === undefined) throw cause;
    const hint =
      code === 'LEDGER_LOCKED'
        ? 'another process has it open'
        : code === 'LEDGER_CORRUPT'
          ? `${cause.message}; ${rescueHint}`
          : cause.message;
    throw new LedgerError(code, `${path}: ${hint}`, { cause });
  }
}
