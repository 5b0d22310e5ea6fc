import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openLedger } from '../../main/ledger/index.ts';
import { bytes32, chunk, fillProvider, openTask, voucher } from './facts.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-ledger-'));
  path = join(folder, 'data', 'ledger.db');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function createLedgerFile(): void {
  const ledger = openLedger({ path });
  fillProvider(ledger);
  ledger.close();
}

/** Works on the file behind the ledger's back. */
function tamper(sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

function failure(code: string, message: string | RegExp) {
  return expect.objectContaining({ name: 'LedgerError', code, message: expect.stringMatching(message) });
}

test('what was recorded is there after closing and opening, and only its owner can read it', () => {
  createLedgerFile();
  const ledger = openLedger({ path });
  expect(ledger.readEvents()).toHaveLength(8);
  expect(ledger.totals().earned).toBe(20n);
  ledger.append(voucher('provider', 2, 40n));
  ledger.verify();
  ledger.close();
  if (process.platform !== 'win32') expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('a ledger of a later Hearth is left alone', () => {
  createLedgerFile();
  tamper('PRAGMA user_version = 99');
  expect(() => openLedger({ path })).toThrow(failure('LEDGER_NEWER', 'version 99.*knows up to 3.*update'));
});

test('a database of another program is left alone', () => {
  createLedgerFile();
  tamper('PRAGMA application_id = 7');
  expect(() => openLedger({ path })).toThrow(failure('LEDGER_FOREIGN', 'not a ledger of Hearth'));
});

test('a file that is no database is called corrupt and kept', () => {
  createLedgerFile();
  writeFileSync(path, 'x'.repeat(10_000));
  expect(() => openLedger({ path })).toThrow(failure('LEDGER_CORRUPT', 'not a database'));
  expect(readFileSync(path, 'utf8')).toBe('x'.repeat(10_000));
});

test('a file with a damaged page is refused', () => {
  createLedgerFile();
  const bytes = readFileSync(path);
  const pageBytes = bytes.readUInt16BE(16);
  // Every page but the first, which holds the header: the b-tree type byte becomes nonsense.
  for (let offset = pageBytes; offset < bytes.length; offset += pageBytes) bytes[offset] = 0x77;
  writeFileSync(path, bytes);
  expect(() => openLedger({ path })).toThrow(failure('LEDGER_CORRUPT', ''));
});

test.each([
  ['changed', `UPDATE events SET body = replace(body, '"30"', '"90"') WHERE sequence = 4`, 4],
  ['moved in time', 'UPDATE events SET at_ms = at_ms - 1 WHERE sequence = 2', 2],
  ['taken out', 'DELETE FROM events WHERE sequence = 5', 5],
])('an event that was %s behind our back breaks the hash chain', (_how, sql, sequence) => {
  createLedgerFile();
  tamper('DROP TRIGGER events_are_never_changed; DROP TRIGGER events_are_never_removed;');
  tamper(sql);
  expect(() => openLedger({ path })).toThrow(failure('LEDGER_CORRUPT', `event ${sequence} of the ledger`));
});

test('the tables themselves refuse to change or remove an event', () => {
  createLedgerFile();
  expect(() => tamper('UPDATE events SET at_ms = 0')).toThrow('append-only');
  expect(() => tamper('DELETE FROM events')).toThrow('append-only');
});

test('figures changed behind our back do not survive a replay of the events', () => {
  createLedgerFile();
  tamper("UPDATE totals SET amount = '1000000' WHERE name = 'earned'");
  const ledger = openLedger({ path });
  expect(() => ledger.verify()).toThrow(failure('LEDGER_CORRUPT', 'table totals'));
  ledger.close();
});

test('a second writer is turned away, in this process and in another, until the first one closes', () => {
  const first = openLedger({ path });
  expect(() => openLedger({ path })).toThrow(failure('LEDGER_LOCKED', 'another process has it open'));
  const ledgerModule = new URL('../../main/ledger/index.ts', import.meta.url).href;
  const script = `import { openLedger } from '${ledgerModule}';
    try { openLedger({ path: process.argv[1] }); console.log('opened') } catch (error) { console.log(error.code) }`;
  const open = () =>
    spawnSync(process.execPath, ['--input-type=module', '--eval', script, path]).stdout.toString().trim();
  expect(open()).toBe('LEDGER_LOCKED');
  first.close();
  expect(open()).toBe('opened');
});

test.skipIf(process.platform === 'win32')('a full disk is reported, and what was recorded before stays', () => {
  const script = fileURLToPath(new URL('write-until-full.ts', import.meta.url));
  // 2,048 blocks of at most 1 KiB are the most this shell's children may write to one file.
  const limited = `ulimit -f 2048 && exec "$0" "$@"`;
  const run = spawnSync('sh', ['-c', limited, process.execPath, script, path]);
  const { code, recorded, still } = JSON.parse(run.stdout.toString());
  expect({ code, still }).toEqual({ code: 'LEDGER_STORAGE', still: recorded });
  expect(recorded).toBeGreaterThan(10);
  const ledger = openLedger({ path });
  expect(ledger.findTask('provider', bytes32(2))?.chunks).toBe(recorded);
  ledger.verify();
  ledger.append(chunk('provider', 2, recorded, 1n));
  ledger.close();
});

test('opening checks the end of a long chain in well under a second', () => {
  const ledger = openLedger({ path });
  fillProvider(ledger);
  for (let task = 10; task < 2_510; task += 100) {
    ledger.append(...Array.from({ length: 100 }, (_, index) => openTask('provider', task + index)));
  }
  ledger.close();
  const startMs = performance.now();
  const reopened = openLedger({ path });
  const tookMs = performance.now() - startMs;
  expect(reopened.findTask('provider', bytes32(2_509))?.state).toBe('agreed');
  reopened.close();
  expect(tookMs).toBeLessThan(1_000);
});
