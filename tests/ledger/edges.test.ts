/** The branches that ordinary days do not take. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { translateErrors } from '../../main/ledger/database.ts';
import { decodeFacts } from '../../main/ledger/events.ts';
import { openLedger } from '../../main/ledger/index.ts';
import type { Ledger, LedgerEvent } from '../../main/ledger/index.ts';
import {
  agreementOf,
  bytes32,
  channelId,
  chunk,
  config,
  fillProvider,
  openChannel,
  openTask,
  payer,
  receipt,
  settle,
  token,
  voucher,
} from './facts.ts';

let folder: string;
let path: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-ledger-edges-'));
  path = join(folder, 'ledger.db');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const failure = (code: string, message = '') =>
  expect.objectContaining({ name: 'LedgerError', code, message: expect.stringContaining(message) });

function raise(error: unknown): () => never {
  return () =>
    translateErrors('ledger.db', () => {
      throw error;
    });
}

function filled(): Ledger {
  const ledger = openLedger({ path });
  fillProvider(ledger);
  return ledger;
}

const restored = (maxClaimableAmount: bigint, owed: bigint): LedgerEvent => ({
  kind: 'restored',
  role: 'provider',
  voucher: { channelId, maxClaimableAmount, signature: '0x99' },
  owed,
});

test('what comes twice or falls is refused: receipts, settlements, restored vouchers', () => {
  const ledger = filled();
  ledger.append(receipt('provider', 2, 30n), settle(10n));
  expect(ledger.totals().settled).toBe(10n);
  for (const again of [receipt('provider', 2, 30n), settle(10n), settle(9n), restored(30n, 1n)]) {
    expect(() => ledger.append(again)).toThrow(failure('LEDGER_DUPLICATE'));
  }
  ledger.append(restored(31n, 5n));
  expect(ledger.findChannel('provider', channelId)).toMatchObject({ ceiling: 31n, owed: 30n, restored: 0n });
  ledger.verify();
  ledger.close();
});

test('an older voucher that comes late neither lowers the channel nor its task', () => {
  const ledger = filled();
  ledger.append(voucher('provider', 2, 7n));
  expect(ledger.findChannel('provider', channelId)?.ceiling).toBe(30n);
  expect(ledger.findTask('provider', bytes32(2))?.bestVoucher).toBe(30n);
  ledger.close();
});

test('what belongs to another channel, or to none, is refused', () => {
  const ledger = filled();
  const other = { ...config, salt: bytes32(5) };
  const opened = {
    kind: 'channel',
    role: 'provider',
    channelId: bytes32(8),
    chainId: 1n,
    config: other,
    baseClaimed: 0n,
  } as const;
  ledger.append(opened);
  const wrong = { kind: 'voucher', role: 'provider', agreementHash: bytes32(2) } as const;
  const content = { maxClaimableAmount: 50n, signature: '0x05' } as const;
  expect(() => ledger.append({ ...wrong, voucher: { channelId: bytes32(8), ...content } })).toThrow(
    failure('LEDGER_INCONSISTENT', 'is for channel'),
  );
  const gone = {
    kind: 'deposit',
    role: 'provider',
    channelId: bytes32(9),
    balance: 1n,
    transactionHash: null,
  } as const;
  expect(() => ledger.append(gone)).toThrow(failure('LEDGER_INCONSISTENT', 'is not in the ledger'));
  ledger.close();
});

test('a deadline beyond all numbers is kept as never, a cancelled result as cancelled, a picture as a picture', () => {
  const ledger = filled();
  const agreement = { ...agreementOf(3), finishBy: 2n ** 63n };
  const common = { kind: 'agreement', role: 'provider', requesterSignature: '0x01', providerSignature: null } as const;
  ledger.append({ ...common, agreementHash: bytes32(3), taskKind: 'render', agreement });
  expect(ledger.listOpenTasks('provider', channelId, 2 ** 50)).toMatchObject([{ kind: 'render' }]);
  const result = {
    agreementHash: bytes32(3),
    resultHash: bytes32(1),
    units: 0n,
    amountDue: 0n,
    outcome: 'cancelled',
    adapterClass: 'x',
    finishedAt: 1n,
  } as const;
  ledger.append({ kind: 'result', role: 'provider', agreementHash: bytes32(3), result, signature: '0x01' });
  expect(ledger.findTask('provider', bytes32(3))?.state).toBe('cancelled');
  ledger.close();
});

test('a process that ends right after a commit has committed', () => {
  const ledger = openLedger({
    path,
    onEdge: (edge) => {
      if (edge === 'committed') throw new Error('gone');
    },
  });
  expect(() => ledger.append(...openChannel('provider'))).toThrow('gone');
  ledger.close();
  const again = openLedger({ path });
  expect(again.findChannel('provider', channelId)?.balance).toBe(1_000_000n);
  again.close();
});

test.each([
  ["UPDATE tasks SET state = 'odd'", 'state "odd"'],
  ["UPDATE tasks SET counterparty = 'odd'", 'not 0x-prefixed'],
])('a table that says what no event says is named: %s', (sql, message) => {
  filled().close();
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
  const ledger = openLedger({ path });
  expect(() => ledger.findTask('provider', bytes32(2))).toThrow(failure('LEDGER_CORRUPT', message));
  ledger.close();
});

test('records of the wrong kind are corrupt, not guessed at', async () => {
  const { integer, text } = await import('../../main/ledger/records.ts');
  expect(() => text({ a: 1 }, 'a')).toThrow(failure('LEDGER_CORRUPT', 'number, not text'));
  expect(() => integer({ a: 'x' }, 'a')).toThrow(failure('LEDGER_CORRUPT', 'string, not a number'));
  expect(decodeFacts('{"a":{"n":5},"b":{"n":"5","m":1}}')).toEqual({ a: { n: 5 }, b: { n: '5', m: 1 } });
});

test.each([
  [13, 'LEDGER_STORAGE'],
  [10 | (3 << 8), 'LEDGER_STORAGE'],
  [14, 'LEDGER_STORAGE'],
  [11, 'LEDGER_CORRUPT'],
  [5, 'LEDGER_LOCKED'],
])('SQLite’s result %i is %s; what is neither SQLite’s nor the disk’s stays what it is', (errcode, code) => {
  expect(raise(Object.assign(new Error('x'), { errcode }))).toThrow(failure(code));
  expect(raise(Object.assign(new Error('x'), { errcode: 1 }))).toThrow('x');
  expect(raise(Object.assign(new Error('full'), { syscall: 'write' }))).toThrow(failure('LEDGER_STORAGE', 'full'));
});

test('a folder that cannot be made is a storage error, and nothing is left behind', () => {
  writeFileSync(join(folder, 'file'), '');
  expect(() => openLedger({ path: join(folder, 'file', 'ledger.db') })).toThrow(failure('LEDGER_STORAGE'));
  // A folder where the file should be.
  expect(() => openLedger({ path: folder })).toThrow(failure('LEDGER_STORAGE'));
  expect(() => openLedger({ path: join(folder, 'x'.repeat(300)) })).toThrow(failure('LEDGER_STORAGE', 'ENAMETOOLONG'));
  expect(existsSync(join(folder, 'file', 'ledger.db'))).toBe(false);
});

test('statements add up: pages, bases and restored amounts', () => {
  const ledger = filled();
  ledger.append(openTask('provider', 3), chunk('provider', 3, 0), receipt('provider', 3, 10n), restored(90n, 50n));
  ledger.append(...openChannel('requester'), openTask('requester', 4));
  ledger.append(
    { kind: 'cover', role: 'requester', agreementHash: bytes32(4), coveredUnits: 10n },
    chunk('requester', 4, 0),
  );
  ledger.append({ kind: 'withdrawal', role: 'provider', channelId, initiatedAt: 1_000 });
  const entries = ledger.listEarnings();
  expect(entries.map(({ amount, basis }) => [amount, basis])).toEqual([
    ['20', 'acknowledged'],
    ['10', 'receipt'],
    ['10', 'received'],
    ['20', 'restored'],
  ]);
  expect(ledger.listEarnings(0, 1)).toEqual(entries.slice(0, 1));
  expect(ledger.listEarnings(entries[2]?.number)).toEqual(entries.slice(3));
  expect(ledger.totals()).toMatchObject({ earned: 50n, spent: 10n });
  expect(ledger.channelSnapshots()).toMatchObject([
    { role: 'provider', counterparty: payer, token, owed: '50', closesAtMs: (1_000 + 86_400) * 1_000 },
    { role: 'requester', closesAtMs: null },
  ]);
  ledger.close();
});
