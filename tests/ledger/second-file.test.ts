/** The newest vouchers in a second file, the daily copy, old files, and what is left when the ledger is not. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backUpDaily, listBackups, openLedger, rescueVouchers } from '../../main/ledger/index.ts';
import type { Ledger } from '../../main/ledger/index.ts';
import {
  acknowledge,
  bytes32,
  channelId,
  chunk,
  claim,
  fillProvider,
  openChannel,
  openTask,
  payer,
  receipt,
  voucher,
} from './facts.ts';

let folder: string;
let path: string;
let mirror: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-second-file-'));
  path = join(folder, 'ledger.db');
  mirror = `${path}.vouchers`;
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function withLedger<Result>(action: (ledger: Ledger) => Result): Result {
  const ledger = openLedger({ path });
  try {
    return action(ledger);
  } finally {
    ledger.close();
  }
}

const provider = (ledger: Ledger) => ledger.findChannel('provider', channelId);

function storageFailure() {
  return expect.objectContaining({ name: 'LedgerError', code: 'LEDGER_STORAGE' });
}

test('a ledger that was lost comes back with its channels, newest vouchers and what was earned on them', () => {
  withLedger((ledger) => {
    fillProvider(ledger);
    ledger.append(voucher('provider', 2, 40n));
  });
  rmSync(path);
  withLedger((ledger) => {
    expect(provider(ledger)).toMatchObject({ ceiling: 40n, signature: '0x28', owed: 20n, restored: 20n });
    expect(ledger.totals().earned).toBe(20n);
    ledger.verify();
    // A new task on the same channel counts on top of it.
    ledger.append(openTask('provider', 3), voucher('provider', 3, 60n), chunk('provider', 3, 0), acknowledge(3, 1));
    expect(provider(ledger)).toMatchObject({ ceiling: 60n, owed: 30n });
  });
});

test('a requester that lost its ledger never signs below what it has signed', () => {
  withLedger((ledger) => {
    ledger.append(...openChannel('requester'), openTask('requester', 2));
    ledger.append({ kind: 'cover', role: 'requester', agreementHash: bytes32(2), coveredUnits: 10n });
    ledger.append(voucher('requester', 2, 10n), chunk('requester', 2, 0, 4n));
  });
  rmSync(path);
  withLedger((ledger) => {
    expect(ledger.findChannel('requester', channelId)).toMatchObject({ ceiling: 10n, committed: 10n });
    ledger.verify();
  });
});

test('a ledger set back to an older copy gets its later vouchers from the second file, and a late receipt counts once', () => {
  const copy = join(folder, 'copy.db');
  withLedger((ledger) => {
    fillProvider(ledger);
    ledger.backUp(copy);
    ledger.append(voucher('provider', 2, 50n), acknowledge(2, 3), chunk('provider', 2, 3), acknowledge(2, 4));
    expect(provider(ledger)?.owed).toBe(40n);
  });
  rmSync(path);
  copyFileSync(copy, path);
  withLedger((ledger) => {
    expect(provider(ledger)).toMatchObject({ ceiling: 50n, owed: 40n, restored: 20n });
    ledger.append(receipt('provider', 2, 30n));
    expect(provider(ledger)).toMatchObject({ owed: 40n, restored: 10n });
    expect(ledger.totals().earned).toBe(40n);
    ledger.verify();
  });
});

test('a second file that is lost, torn or behind is written anew from the ledger', () => {
  withLedger(fillProvider);
  for (const damage of [
    () => rmSync(mirror),
    () => writeFileSync(mirror, readFileSync(mirror).subarray(0, 700)),
    () => writeFileSync(mirror, readFileSync(mirror).fill(0x20, 100, 130)),
    () => writeFileSync(mirror, 'x'.repeat(5_000)),
  ]) {
    damage();
    withLedger((ledger) => expect(provider(ledger)).toMatchObject({ ceiling: 30n, owed: 20n, restored: 0n }));
    const { vouchers, problems } = rescueVouchers(join(folder, 'nothing', 'ledger.db'));
    expect({ vouchers, problems: problems.length }).toEqual({ vouchers: [], problems: 2 });
    copyFileSync(mirror, join(folder, 'alone.db.vouchers'));
    const alone = rescueVouchers(join(folder, 'alone.db')).vouchers;
    expect(alone.map((one) => one.voucher.maxClaimableAmount)).toEqual([30n]);
  }
});

test('a torn write of the newest voucher leaves the one before it', () => {
  withLedger((ledger) => {
    fillProvider(ledger);
    for (let amount = 31n; amount < 40n; amount += 1n) ledger.append(voucher('provider', 2, amount));
  });
  const whole = readFileSync(mirror);
  const newest = whole.includes('"n":"39"') && whole.indexOf('"n":"39"') < 2_048 ? 0 : 2_048;
  for (let kept = 0; kept < 2_048; kept += 512) {
    const torn = Buffer.from(whole);
    torn.fill(0, newest + kept, newest + 2_048);
    writeFileSync(join(folder, 'torn.db.vouchers'), torn);
    const [found] = rescueVouchers(join(folder, 'torn.db')).vouchers;
    expect(found?.voucher.maxClaimableAmount).toBe(38n);
  }
});

test.skipIf(process.platform !== 'linux')('while the second file cannot be written, nothing new is taken on', () => {
  symlinkSync('/dev/full', mirror);
  const ledger = openLedger({ path });
  ledger.append(...openChannel('provider'), openTask('provider', 2));
  // Committed when the disk was found full: the caller is told so, and the next one is refused.
  ledger.append(voucher('provider', 2, 30n));
  expect(() => ledger.append(chunk('provider', 2, 0))).toThrow(storageFailure());
  expect(ledger.findTask('provider', bytes32(2))).toMatchObject({ chunks: 0, bestVoucher: 30n });
  ledger.close();
  expect(() => openLedger({ path })).toThrow(storageFailure());
  rmSync(mirror);
  withLedger((again) => again.append(chunk('provider', 2, 0)));
});

test('a file of the first version opens, keeps every figure and takes new events', () => {
  const old = new URL('../fixtures/ledger/version-1.db.gz', import.meta.url);
  writeFileSync(path, gunzipSync(readFileSync(old)), { mode: 0o600 });
  withLedger((ledger) => {
    ledger.verify();
    expect(ledger.totals()).toEqual({ earned: 40n, claimed: 30n, settled: 30n, spent: 10n, deposited: 500n });
    expect(provider(ledger)).toMatchObject({ ceiling: 50n, committed: 40n, owed: 40n, claimed: 30n, closingAt: 0 });
    expect(ledger.findChannel('requester', channelId)).toMatchObject({ ceiling: 10n, committed: 10n, balance: 500n });
    expect(ledger.readEvents()).toHaveLength(23);
    ledger.append({ kind: 'withdrawal', role: 'provider', channelId, initiatedAt: 1_790_000_000 }, claim(40n));
    expect(provider(ledger)).toMatchObject({ closingAt: 1_790_000_000, claimed: 40n });
    ledger.verify();
  });
  const database = new DatabaseSync(path);
  expect(database.prepare('PRAGMA user_version').get()).toEqual({ user_version: 3 });
  database.close();
});

test('a file of the second version opens, keeps every figure and says what its requester left unpaid', () => {
  const old = new URL('../fixtures/ledger/version-2.db.gz', import.meta.url);
  writeFileSync(path, gunzipSync(readFileSync(old)), { mode: 0o600 });
  withLedger((ledger) => {
    ledger.verify();
    expect(ledger.totals()).toEqual({ earned: 40n, claimed: 30n, settled: 30n, spent: 10n, deposited: 500n });
    expect(provider(ledger)).toMatchObject({ ceiling: 50n, closingAt: 1_790_000_000 });
    expect(ledger.listUnpaid(payer, 0)).toEqual([]);
    ledger.append(voucher('provider', 3, 60n), chunk('provider', 3, 1));
    expect(ledger.listUnpaid(payer, Date.now())).toMatchObject([{ amountDue: 20n, owed: 10n, state: 'running' }]);
    ledger.append({ kind: 'closed', role: 'provider', agreementHash: bytes32(3), reason: 'gone' });
    expect(ledger.listUnpaid(payer, 0)).toHaveLength(1);
    expect(ledger.listUnpaid(payer, Date.now() + 1)).toEqual([]);
    ledger.verify();
  });
});

test('one backup a day, seven of them, each one a ledger that opens', () => {
  const directory = join(folder, 'backups');
  withLedger((ledger) => {
    fillProvider(ledger);
    for (let day = 1; day <= 10; day += 1) {
      const now = () => Date.UTC(2026, 0, day, 12);
      expect(backUpDaily(ledger, { directory, now })).toBe(
        join(directory, `ledger-2026-01-${String(day).padStart(2, '0')}.db`),
      );
      expect(backUpDaily(ledger, { directory, now })).toBeNull();
      ledger.append(voucher('provider', 2, BigInt(30 + day)));
    }
  });
  expect(listBackups(directory)).toHaveLength(7);
  expect(readdirSync(directory).toSorted()).toEqual(listBackups(directory));
  const copy = openLedger({ path: join(directory, 'ledger-2026-01-10.db') });
  expect(copy.findChannel('provider', channelId)?.ceiling).toBe(39n);
  copy.verify();
  copy.close();
});

test('a backup that cannot be written leaves no half file and none of the older ones away', () => {
  const directory = join(folder, 'backups');
  withLedger((ledger) => {
    fillProvider(ledger);
    backUpDaily(ledger, { directory, now: () => Date.UTC(2026, 0, 1) });
    mkdirSync(join(directory, 'ledger-2026-01-02.db.new'));
    expect(() => backUpDaily(ledger, { directory, now: () => Date.UTC(2026, 0, 2) })).toThrow();
  });
  expect(listBackups(directory)).toEqual(['ledger-2026-01-01.db']);
});

test('from a ledger that fails its check every voucher is saved', () => {
  withLedger(fillProvider);
  const bytes = readFileSync(path);
  for (let offset = 4_096; offset < bytes.length; offset += 4_096) bytes[offset] = 0x77;
  writeFileSync(path, bytes);
  expect(() => openLedger({ path })).toThrow(/hearth channels --export/);
  const { vouchers, problems } = rescueVouchers(path);
  expect(vouchers).toMatchObject([
    { role: 'provider', owed: 20n, voucher: { maxClaimableAmount: 30n, signature: '0x1e' } },
  ]);
  expect(problems).toEqual([expect.stringContaining('in part only')]);
  expect(readFileSync(path)).toEqual(bytes);
});

const rescued = () => rescueVouchers(path).vouchers.map(({ role, voucher }) => [role, voucher.maxClaimableAmount]);

test('of a ledger that is open both files are read, and the higher voucher of each channel counts', () => {
  const older = join(folder, 'older.vouchers');
  withLedger((ledger) => {
    ledger.append(...openChannel('requester'), openTask('requester', 2), voucher('requester', 2, 20n));
    copyFileSync(mirror, older);
    ledger.append(voucher('requester', 2, 30n));
    // The newest commit lies in the write-ahead log still.
    expect(rescued()).toEqual([['requester', 30n]]);
    copyFileSync(older, mirror);
    expect(rescued()).toEqual([['requester', 30n]]);
  });
  copyFileSync(older, mirror);
  withLedger(() => copyFileSync(path, join(folder, 'behind.db')));
  withLedger((ledger) => ledger.append(voucher('requester', 2, 40n)));
  copyFileSync(mirror, join(folder, 'behind.db.vouchers'));
  expect(rescueVouchers(join(folder, 'behind.db')).vouchers).toMatchObject([{ voucher: { maxClaimableAmount: 40n } }]);
});

test('a ledger without its second file is saved from its tables', () => {
  withLedger((ledger) => {
    fillProvider(ledger);
    ledger.append(...openChannel('requester'));
  });
  rmSync(mirror);
  const { vouchers, problems } = rescueVouchers(path);
  expect(vouchers).toMatchObject([{ role: 'provider', voucher: { channelId, maxClaimableAmount: 30n } }]);
  expect(problems).toEqual([expect.stringContaining('second file')]);
});
