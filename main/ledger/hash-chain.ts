/** Each event carries the hash of all before it, so that a changed, missing or swapped event shows. */
import { createHash } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { LedgerError } from './ledger-error.ts';
import { integer, text } from './records.ts';
import type { Row } from './records.ts';

export const genesisHash = new Uint8Array(32);

/** sha256(previous || uint64be sequence || uint64be at_ms || utf8 body). */
export function linkHash(previous: Uint8Array, sequence: number, atMs: number, body: string): Uint8Array {
  const numbers = Buffer.alloc(16);
  numbers.writeBigUInt64BE(BigInt(sequence), 0);
  numbers.writeBigUInt64BE(BigInt(atMs), 8);
  return createHash('sha256').update(previous).update(numbers).update(body, 'utf8').digest();
}

export interface ChainEnd {
  readonly sequence: number;
  readonly hash: Uint8Array;
}

/**
 * Recomputes the last `count` links (all when omitted) and returns the end of the chain.
 * @throws LedgerError LEDGER_CORRUPT naming the first event that does not fit
 */
export function verifyChain(database: DatabaseSync, count = Number.MAX_SAFE_INTEGER): ChainEnd {
  const last = database.prepare('SELECT coalesce(max(sequence), 0) AS last FROM events').get() as Row;
  const first = Math.max(1, integer(last, 'last') - count + 1);
  const before = database.prepare('SELECT hash FROM events WHERE sequence = ?').get(first - 1);
  let end: ChainEnd = { sequence: first - 1, hash: before === undefined ? genesisHash : hashOf(before) };
  if (before === undefined && first > 1) throw broken(first - 1);
  for (const row of database.prepare('SELECT * FROM events WHERE sequence >= ? ORDER BY sequence').iterate(first)) {
    const sequence = integer(row, 'sequence');
    const hash = linkHash(end.hash, sequence, integer(row, 'at_ms'), text(row, 'body'));
    if (sequence !== end.sequence + 1 || Buffer.compare(hash, hashOf(row)) !== 0) throw broken(end.sequence + 1);
    end = { sequence, hash };
  }
  return end;
}

function hashOf(row: Row): Uint8Array {
  // The table is STRICT: a BLOB that is not null.
  return row['hash'] as Uint8Array;
}

function broken(sequence: number): LedgerError {
  return new LedgerError('LEDGER_CORRUPT', `event ${sequence} of the ledger does not fit its hash chain`, {
    data: { sequence },
  });
}
