import { renameSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import type { Hex, Receipt } from '../../protocol/agreement.ts';
import type { ChannelSnapshot, EarningEntry, EarningsSnapshot, TaskSnapshot } from '../../protocol/node-api.ts';
import { openDatabase, translateErrors } from './database.ts';
import { decodeFacts, encodeFacts } from './events.ts';
import type { ChunkFacts, LedgerEvent, Role, StoredEvent } from './events.ts';
import { linkHash, verifyChain } from './hash-chain.ts';
import type { ChainEnd } from './hash-chain.ts';
import { LedgerError } from './ledger-error.ts';
import { createProjection } from './projection.ts';
import { createQueries } from './queries.ts';
import { findLostVouchers } from './reconcile.ts';
import { integer, text } from './records.ts';
import type { ChannelRecord, TaskRecord } from './records.ts';
import { migrations } from './schema.ts';
import { createStatements } from './statements.ts';
import { mirrorPathOf, openVoucherMirror } from './voucher-mirror.ts';
import type { VoucherMirror } from './voucher-mirror.ts';

/** Links checked at every start; `verify` checks all of them. At 2,000 this takes about 10 ms. */
const linksCheckedAtOpen = 2_000;

/** The steps of an append towards the disk, in their order. A test ends the process at each. */
export type LedgerEdge = 'begun' | 'written' | 'committed' | 'mirrored';

/** The node's book: append-only events on disk, and what follows from them. One process, one writer. */
export interface Ledger {
  /**
   * Appends all events or none. They are on disk (fsync) when this returns.
   * @throws LedgerError LEDGER_DUPLICATE, LEDGER_INCONSISTENT, LEDGER_STORAGE
   */
  append(...events: readonly LedgerEvent[]): void;
  findChannel(role: Role, channelId: Hex): ChannelRecord | undefined;
  /** Channels of the role in the order they were opened, with one counterparty or with all. */
  listChannels(role: Role, counterparty?: Hex): readonly ChannelRecord[];
  findTask(role: Role, agreementHash: Hex): TaskRecord | undefined;
  /** Tasks of the channel that may still grow: neither delivered nor ended, and not past their `finishBy` (unix seconds). */
  listOpenTasks(role: Role, channelId: Hex, nowSeconds: number): readonly TaskRecord[];
  /** The requester's tasks that an earlier run was cut off in, and that have no receipt yet. */
  listUnreceipted(): readonly TaskRecord[];
  /** What arrived of the task, or was delivered, chunk by chunk. */
  listChunks(role: Role, agreementHash: Hex): readonly ChunkFacts[];
  /** The provider's tasks with the requester that delivered more than they are owed, of those open or ended after `sinceMs`. */
  listUnpaid(requester: Hex, sinceMs: number): readonly TaskRecord[];
  undeliveredReceipts(provider: Hex): readonly { receipt: Receipt; signature: Hex }[];
  /** The total settled for the receiver at the last look; undefined before the first. */
  settledTotal(receiver: Hex, token: Hex): bigint | undefined;
  totals(): Readonly<Record<'earned' | 'claimed' | 'settled' | 'spent' | 'deposited', bigint>>;
  /** Newest first. */
  listTasks(limit?: number): readonly TaskSnapshot[];
  earnings(): EarningsSnapshot;
  /** What each task brought or cost, oldest first, those numbered above `after`. Adds up to `totals` exactly. */
  listEarnings(after?: number, limit?: number): readonly EarningEntry[];
  channelSnapshots(): readonly ChannelSnapshot[];
  /** Events with `sequence` > `after`, oldest first. */
  readEvents(after?: number, limit?: number): readonly StoredEvent[];
  /** A checked copy of the whole file, complete or not there at all. @throws LedgerError LEDGER_STORAGE */
  backUp(toPath: string): void;
  /** Checks the whole hash chain and that replaying the events gives the same books. @throws LedgerError LEDGER_CORRUPT */
  verify(): void;
  /** Safe to call twice. */
  close(): void;
}

/**
 * Opens or creates the ledger at `path` (':memory:' for none).
 * @throws LedgerError LEDGER_CORRUPT, LEDGER_NEWER, LEDGER_LOCKED, LEDGER_FOREIGN, LEDGER_STORAGE
 */
export function openLedger(options: {
  readonly path: string;
  readonly now?: () => number;
  readonly onEdge?: (edge: LedgerEdge) => void;
}): Ledger {
  const { path, now = Date.now, onEdge } = options;
  const database = openDatabase(path);
  let end: ChainEnd;
  let mirror: VoucherMirror | null;
  try {
    end = verifyChain(database, linksCheckedAtOpen);
    mirror = path === ':memory:' ? null : translateErrors(path, () => openVoucherMirror(mirrorPathOf(path)));
  } catch (error) {
    database.close();
    throw error;
  }
  /** Channels whose newest voucher is not in the mirror yet. */
  const toMirror = new Map<string, readonly [Role, Hex]>();
  const projection = createProjection(database);
  const queries = createQueries(database);
  const insertEvent = database.prepare('INSERT INTO events VALUES (?, ?, ?, ?)');
  const selectEvents = database.prepare('SELECT * FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?');

  /** @throws LedgerError LEDGER_STORAGE */
  function writeMirror(): void {
    translateErrors(path, () => {
      for (const [key, [role, channelId]] of toMirror) {
        mirror?.write(projection.findChannel(role, channelId));
        toMirror.delete(key);
      }
    });
  }

  function noteForMirror(event: LedgerEvent): void {
    if (mirror === null) return;
    const channelId = mirroredChannelOf(event);
    if (channelId !== undefined) toMirror.set(`${event.role} ${channelId}`, [event.role, channelId]);
  }

  function mirroredChannelOf(event: LedgerEvent): Hex | undefined {
    if (event.kind === 'voucher' || event.kind === 'restored') return event.voucher.channelId;
    if (event.kind === 'acknowledge') return projection.findTask(event.role, event.agreementHash)?.channelId;
    if (event.kind === 'receipt') return projection.findTask(event.role, event.receipt.agreementHash)?.channelId;
    return undefined;
  }

  function append(...events: readonly LedgerEvent[]): void {
    // What the second file could not take last time comes first: while it cannot be written, nothing new is taken on.
    writeMirror();
    commit(events);
    for (const event of events) noteForMirror(event);
    try {
      writeMirror();
    } catch {
      // The events are committed, and that is what the caller is told; the next append says that the disk fails.
    }
    onEdge?.('mirrored');
  }

  function commit(events: readonly LedgerEvent[]): void {
    const atMs = now();
    let next = end;
    translateErrors(path, () => {
      database.exec('BEGIN IMMEDIATE');
      onEdge?.('begun');
      try {
        for (const event of events) {
          const body = encodeFacts(event);
          const sequence = next.sequence + 1;
          next = { sequence, hash: linkHash(next.hash, sequence, atMs, body) };
          insertEvent.run(sequence, atMs, body, next.hash);
          projection.apply(event, atMs);
        }
        onEdge?.('written');
        database.exec('COMMIT');
        onEdge?.('committed');
      } catch (error) {
        // SQLite has rolled back by itself after some errors; then there is nothing left to roll back.
        if (database.isTransaction) database.exec('ROLLBACK');
        throw error;
      }
    });
    end = next;
  }

  function readEvents(after = 0, limit = 1_000): StoredEvent[] {
    return selectEvents.all(after, limit).map((row) => ({
      sequence: integer(row, 'sequence'),
      atMs: integer(row, 'at_ms'),
      event: decodeFacts<LedgerEvent>(text(row, 'body')),
    }));
  }

  function backUp(toPath: string): void {
    const temporary = `${toPath}.new`;
    translateErrors(toPath, () => {
      rmSync(temporary, { force: true });
      try {
        database.prepare('VACUUM INTO ?').run(temporary);
        checkBackup(temporary);
        renameSync(temporary, toPath);
      } finally {
        rmSync(temporary, { force: true });
      }
    });
  }

  function verify(): void {
    verifyChain(database);
    const replayed = new DatabaseSync(':memory:');
    try {
      for (const migration of migrations) replayed.exec(migration);
      const replay = createProjection(replayed);
      for (let stored = readEvents(); stored.length > 0; stored = readEvents(stored.at(-1)?.sequence)) {
        for (const { event, atMs } of stored) replay.apply(event, atMs);
      }
      const table = differingTable(database, replayed);
      if (table !== undefined) {
        throw new LedgerError('LEDGER_CORRUPT', `table ${table} of ${path} is not what its events say`);
      }
    } finally {
      replayed.close();
    }
  }

  try {
    if (mirror !== null) {
      const lost = findLostVouchers(projection, mirror.vouchers);
      if (lost.length > 0) append(...lost);
      const known = new Map(mirror.vouchers.map((one) => [`${one.role} ${one.voucher.channelId}`, one.voucher]));
      for (const { role, channelId, ceiling } of [
        ...queries.listChannels('provider'),
        ...queries.listChannels('requester'),
      ]) {
        if ((known.get(`${role} ${channelId}`)?.maxClaimableAmount ?? 0n) < ceiling) {
          toMirror.set(`${role} ${channelId}`, [role, channelId]);
        }
      }
      writeMirror();
    }
  } catch (error) {
    mirror?.close();
    database.close();
    throw error;
  }

  return {
    ...queries,
    ...createStatements(database, queries.listChannels),
    append,
    backUp,
    findChannel: projection.findChannel,
    findTask: projection.findTask,
    totals: () => ({
      earned: projection.total('earned'),
      claimed: projection.total('claimed'),
      settled: projection.total('settled'),
      spent: projection.total('spent'),
      deposited: projection.total('deposited'),
    }),
    readEvents,
    verify,
    close() {
      if (!database.isOpen) return;
      mirror?.close();
      database.close();
    },
  };
}

/** @throws LedgerError LEDGER_CORRUPT when the copy fails its checks */
function checkBackup(path: string): void {
  const copy = new DatabaseSync(path, { readOnly: true });
  try {
    verifyChain(copy);
  } finally {
    copy.close();
  }
}

const derivedTables = ['channels', 'tasks', 'chunks', 'vouchers', 'settlements', 'totals', 'earnings_over_time'];

function differingTable(left: DatabaseSync, right: DatabaseSync): string | undefined {
  return derivedTables.find((table) => dump(left, table) !== dump(right, table));
}

function dump(database: DatabaseSync, table: string): string {
  const rows = database.prepare(`SELECT * FROM ${table}`).all();
  return rows.map((row) => JSON.stringify(row)).join('\n');
}
