/** What the node, its interfaces and the payment code ask of the books. */
import type { DatabaseSync } from 'node:sqlite';
import type { Hex, Receipt } from '../../protocol/agreement.ts';
import { tokenDecimals, tokenName } from '../../protocol/money.ts';
import type { EarningsSnapshot, TaskSnapshot } from '../../protocol/node-api.ts';
import { decodeFacts } from './events.ts';
import type { ChunkFacts, Role } from './events.ts';
import { amount, asHex, channelFromRow, integer, lowerCase, taskFromRow, text } from './records.ts';
import type { ChannelRecord, Row, TaskRecord } from './records.ts';

const listedTasks = 100;
const seriesPoints = 500;

export function createQueries(database: DatabaseSync) {
  const channels = database.prepare('SELECT * FROM channels WHERE role = ? ORDER BY rowid');
  const channelsWith = database.prepare('SELECT * FROM channels WHERE role = ? AND counterparty = ? ORDER BY rowid');
  const openTasks = database.prepare(
    `SELECT * FROM tasks WHERE role = ? AND channel_id = ? AND state IN ('agreed', 'running')
      AND finish_by > ? ORDER BY number`,
  );
  const unreceipted = database.prepare(
    `SELECT * FROM tasks WHERE role = 'requester' AND state = 'cancelled' AND receipt IS NULL ORDER BY number`,
  );
  const chunks = database.prepare('SELECT * FROM chunks WHERE role = ? AND agreement_hash = ? ORDER BY sequence');
  const unpaid = database.prepare(
    `SELECT * FROM tasks WHERE role = 'provider' AND counterparty = ? AND owed <> amount_due
      AND (finished_at_ms IS NULL OR finished_at_ms > ?) ORDER BY number`,
  );
  const receipts = database.prepare(
    `SELECT receipt, receipt_signature FROM tasks
      WHERE counterparty = ? AND receipt IS NOT NULL AND receipt_delivered = 0 ORDER BY number`,
  );
  const settlement = database.prepare('SELECT total_settled FROM settlements WHERE receiver = ? AND token = ?');
  const newestTasks = database.prepare('SELECT * FROM tasks ORDER BY number DESC LIMIT ?');
  const total = database.prepare('SELECT amount FROM totals WHERE name = ?');
  const pointCount = database.prepare('SELECT coalesce(max(number), 0) AS points FROM earnings_over_time');
  const points = database.prepare(
    `SELECT at_ms, earned FROM earnings_over_time WHERE number % ?1 = 0 OR number = ?2 ORDER BY number`,
  );

  function listChannels(role: Role, counterparty?: Hex): readonly ChannelRecord[] {
    const rows = counterparty === undefined ? channels.all(role) : channelsWith.all(role, lowerCase(counterparty));
    return rows.map((row) => channelFromRow(row));
  }

  function listOpenTasks(role: Role, channelId: Hex, nowSeconds: number): readonly TaskRecord[] {
    return openTasks.all(role, lowerCase(channelId), nowSeconds).map((row) => taskFromRow(row));
  }

  function listUnreceipted(): readonly TaskRecord[] {
    return unreceipted.all().map((row) => taskFromRow(row));
  }

  function listChunks(role: Role, agreementHash: Hex): readonly ChunkFacts[] {
    let before = 0n;
    return chunks.all(role, lowerCase(agreementHash)).map((row) => {
      const [sequence, unitsDone] = [integer(row, 'sequence'), amount(row, 'units_done')];
      const units = unitsDone - before;
      before = unitsDone;
      return { sequence, units, payloadSha256: asHex(text(row, 'payload_sha256')) };
    });
  }

  function listUnpaid(requester: Hex, sinceMs: number): readonly TaskRecord[] {
    return unpaid.all(lowerCase(requester), sinceMs).map((row) => taskFromRow(row));
  }

  function undeliveredReceipts(provider: Hex): readonly { receipt: Receipt; signature: Hex }[] {
    return receipts.all(lowerCase(provider)).map((row) => ({
      receipt: decodeFacts<Receipt>(text(row, 'receipt')),
      signature: asHex(text(row, 'receipt_signature')),
    }));
  }

  function settledTotal(receiver: Hex, token: Hex): bigint | undefined {
    const row = settlement.get(lowerCase(receiver), lowerCase(token));
    return row === undefined ? undefined : amount(row, 'total_settled');
  }

  function listTasks(limit = listedTasks): readonly TaskSnapshot[] {
    return newestTasks.all(limit).map((row) => snapshotOf(taskFromRow(row)));
  }

  const totalText = (name: string) => text(total.get(name) as Row, 'amount');

  function earnings(): EarningsSnapshot {
    const count = integer(pointCount.get() as Row, 'points');
    // The newest point is always shown and may be one beyond the even steps.
    const step = Math.max(1, Math.ceil(count / (seriesPoints - 1)));
    return {
      currency: tokenName,
      decimals: tokenDecimals,
      earned: totalText('earned'),
      claimed: totalText('claimed'),
      settled: totalText('settled'),
      spent: totalText('spent'),
      series: points.all(step, count).map((row) => ({ atMs: integer(row, 'at_ms'), earned: text(row, 'earned') })),
    };
  }

  return {
    listChannels,
    listOpenTasks,
    listUnreceipted,
    listChunks,
    listUnpaid,
    undeliveredReceipts,
    settledTotal,
    listTasks,
    earnings,
  };
}

function snapshotOf(task: TaskRecord): TaskSnapshot {
  return {
    id: task.agreementHash,
    role: task.role,
    kind: task.kind,
    counterparty: task.counterparty,
    state: task.state,
    unitsDone: (task.receipt?.units ?? task.unitsDone).toString(),
    unitsTotal: task.agreement.maxUnits.toString(),
    amountDue: (task.receipt?.amountDue ?? task.amountDue).toString(),
    startedAtMs: task.startedAtMs,
    finishedAtMs: task.finishedAtMs,
    unitsPerSecond: null,
    detail: task.detail,
  };
}
