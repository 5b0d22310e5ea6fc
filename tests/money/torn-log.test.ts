/** A power cut in the middle of a write: the write-ahead log ends, or turns to noise, at any 512-byte boundary. */
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LedgerError, openLedger } from '../../main/ledger/index.ts';
import type { Ledger } from '../../main/ledger/index.ts';
import { acknowledge, bytes32, channelId, chunk, openChannel, openTask, voucher } from '../ledger/facts.ts';

const sectorBytes = 512;
const commits = 10;
/** Cuts are made at every boundary; noise and holes at every boundary in the long form only. */
const stride = process.env['HEARTH_SOAK'] === '1' ? 1 : 5;

let folder: string;
let path: string;
let log: Buffer;
let second: Buffer;
/** Size of the log when commit n had been acknowledged. */
const sizes: number[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-torn-'));
  path = join(folder, 'torn.db');
  const original = join(folder, 'ledger.db');
  const ledger = openLedger({ path: original });
  ledger.append(...openChannel('provider'), openTask('provider', 2));
  for (let commit = 0; commit < commits; commit += 1) {
    const cover = voucher('provider', 2, BigInt(10 * (commit + 1)));
    if (commit === 0) ledger.append(cover, chunk('provider', 2, commit));
    else ledger.append(cover, acknowledge(2, commit), chunk('provider', 2, commit));
    sizes.push(readFileSync(`${original}-wal`).length);
  }
  log = readFileSync(`${original}-wal`);
  second = readFileSync(`${original}.vouchers`);
  copyFileSync(original, join(folder, 'base.db'));
  ledger.close();
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Opens the ledger with this log; undefined when it is refused. */
function open(wal: Buffer, withSecondFile: boolean): Ledger | undefined {
  for (const name of [`${path}-wal`, `${path}.vouchers`]) if (existsSync(name)) rmSync(name);
  copyFileSync(join(folder, 'base.db'), path);
  writeFileSync(`${path}-wal`, wal);
  if (withSecondFile) writeFileSync(`${path}.vouchers`, second);
  try {
    return openLedger({ path });
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}

/** The books after `count` commits, or a refusal; nothing else. */
function expectCommits(ledger: Ledger | undefined, count: number, boundary: number): void {
  if (ledger === undefined) return;
  ledger.verify();
  const chunks = ledger.findTask('provider', bytes32(2))?.chunks ?? 0;
  expect(chunks, `commits after a cut at ${boundary}`).toBe(count);
  const ceiling = BigInt(10 * count);
  const owed = BigInt(10 * Math.max(0, count - 1));
  expect(ledger.findChannel('provider', channelId) ?? { ceiling: 0n, owed: 0n }).toMatchObject({ ceiling, owed });
  expect(ledger.totals().earned).toBe(owed);
}

function boundaries(): number[] {
  const last = Math.ceil(log.length / sectorBytes);
  return Array.from({ length: last + 1 }, (_, index) => Math.min(index * sectorBytes, log.length));
}

test('cut off at every boundary, the ledger opens with exactly the commits that were whole', () => {
  let opened = 0;
  for (const boundary of boundaries()) {
    const ledger = open(log.subarray(0, boundary), false);
    expectCommits(ledger, sizes.filter((size) => size <= boundary).length, boundary);
    if (ledger !== undefined) opened += 1;
    ledger?.close();
  }
  console.log(`torn log: ${boundaries().length} cuts over ${commits} commits, ${opened} opened`);
  expect(opened).toBe(boundaries().length);
}, 120_000);

test('with noise from any boundary on, never a commit that was not whole', () => {
  for (const boundary of boundaries().filter((_, index) => index % stride === 0)) {
    const noisy = Buffer.from(log);
    for (let at = boundary; at < noisy.length; at += 1) noisy[at] = (noisy[at] ?? 0) ^ (0x5a + (at % 151));
    const ledger = open(noisy, false);
    expectCommits(ledger, sizes.filter((size) => size <= boundary).length, boundary);
    ledger?.close();
  }
}, 120_000);

test('with one sector that never reached the disk, only commits before it count', () => {
  for (const boundary of boundaries().filter((_, index) => index % stride === 1)) {
    const holed = Buffer.from(log);
    holed.fill(0, boundary, Math.min(boundary + sectorBytes, log.length));
    if (holed.equals(log)) continue;
    const ledger = open(holed, false);
    expectCommits(ledger, sizes.filter((size) => size <= boundary).length, boundary);
    ledger?.close();
  }
}, 120_000);

test('whatever the cut, the second file gives every voucher and what it paid for back', () => {
  for (const boundary of boundaries().filter((_, index) => index % 7 === 0)) {
    const ledger = open(log.subarray(0, boundary), true);
    expect(ledger?.findChannel('provider', channelId), `cut at ${boundary}`).toMatchObject({
      ceiling: BigInt(10 * commits),
      owed: BigInt(10 * (commits - 1)),
    });
    expect(ledger?.totals().earned).toBe(BigInt(10 * (commits - 1)));
    ledger?.verify();
    ledger?.close();
  }
}, 120_000);
