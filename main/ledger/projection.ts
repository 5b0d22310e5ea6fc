/** How each event changes the derived tables. Runs inside the transaction that appends the event. */
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Hex } from '../../protocol/agreement.ts';
import { priceOfUnits } from '../../protocol/tasks.ts';
import { encodeFacts } from './events.ts';
import type { LedgerEvent, Role } from './events.ts';
import { LedgerError } from './ledger-error.ts';
import {
  amount,
  changingTaskColumns,
  channelFromRow,
  channelToColumns,
  lowerCase,
  taskFromRow,
  taskToChangingColumns,
} from './records.ts';
import type { ChannelRecord, Row, TaskRecord } from './records.ts';

type TotalName = 'earned' | 'claimed' | 'settled' | 'spent' | 'deposited';
type EventOf<Kind extends LedgerEvent['kind']> = Extract<LedgerEvent, { kind: Kind }>;

/** What an INTEGER column may hold and still be read as a number; later deadlines mean the same: never. */
const largestInteger = BigInt(Number.MAX_SAFE_INTEGER);

export interface Projection {
  apply(event: LedgerEvent, atMs: number): void;
  findChannel(role: Role, channelId: Hex): ChannelRecord | undefined;
  findTask(role: Role, agreementHash: Hex): TaskRecord | undefined;
  total(name: TotalName): bigint;
}

export function createProjection(database: DatabaseSync): Projection {
  const statements = prepareStatements(database);

  function findChannel(role: Role, channelId: Hex): ChannelRecord | undefined {
    const row = statements.channel.get(role, lowerCase(channelId));
    return row === undefined ? undefined : channelFromRow(row);
  }

  function findTask(role: Role, agreementHash: Hex): TaskRecord | undefined {
    const row = statements.task.get(role, lowerCase(agreementHash));
    return row === undefined ? undefined : taskFromRow(row);
  }

  function total(name: TotalName): bigint {
    // Every total has its row from the first migration on.
    return amount(statements.total.get(name) as Row, 'amount');
  }

  function getChannel(role: Role, channelId: Hex): ChannelRecord {
    const channel = findChannel(role, channelId);
    if (channel === undefined) throw inconsistent(`channel ${channelId} is not in the ledger`);
    return channel;
  }

  function getTask(role: Role, agreementHash: Hex): TaskRecord {
    const task = findTask(role, agreementHash);
    if (task === undefined) throw inconsistent(`task ${agreementHash} is not in the ledger`);
    return task;
  }

  function putChannel(channel: ChannelRecord): void {
    statements.putChannel.run(...channelToColumns(channel));
  }

  function addToTotal(name: TotalName, increase: bigint): void {
    if (increase !== 0n) statements.setTotal.run((total(name) + increase).toString(), name);
  }

  /** Writes the task and carries what changed on to its channel and the totals. */
  function changeTask(before: TaskRecord, changes: Partial<TaskRecord>, atMs: number): void {
    const changed = { ...before, ...changes };
    const after = { ...changed, committed: committedOf(changed), owed: owedOf(changed) };
    statements.changeTask.run(...taskToChangingColumns(after), after.role, after.agreementHash);
    const moreCommitted = after.committed - before.committed;
    const moreOwed = after.owed - before.owed;
    if (moreCommitted === 0n && moreOwed === 0n) return;
    const channel = getChannel(after.role, after.channelId);
    // A task that was running when commits were lost is part of what was restored: it does not count twice.
    const isCounted = channel.restored > 0n && moreOwed > 0n && after.startedAtMs <= channel.restoredAtMs;
    const counted = isCounted ? lower(moreOwed, channel.restored) : 0n;
    putChannel({
      ...channel,
      committed: channel.committed + moreCommitted - (moreCommitted > 0n ? lower(moreCommitted, counted) : 0n),
      owed: channel.owed + moreOwed - counted,
      restored: channel.restored - counted,
    });
    earn(after.role, moreOwed - counted, atMs);
  }

  function earn(role: Role, more: bigint, atMs: number): void {
    addToTotal(role === 'provider' ? 'earned' : 'spent', more);
    if (role === 'provider' && more !== 0n) statements.putEarned.run(atMs, total('earned').toString());
  }

  /** A receipt pays what it says; without one, the chunks the requester confirmed having. */
  function owedOf(task: TaskRecord): bigint {
    if (task.receipt !== null) return task.receipt.amountDue;
    if (task.role === 'requester') return task.amountDue;
    if (task.acknowledged === 0) return 0n;
    const row = statements.chunk.get(task.role, task.agreementHash, task.acknowledged - 1);
    if (row === undefined) throw inconsistent(`chunk ${task.acknowledged - 1} of ${task.agreementHash} is missing`);
    return priceOfUnits(amount(row, 'units_done'), task.agreement.pricePerMillionUnits);
  }

  function applyChannel(event: EventOf<'channel'>): void {
    const { role, chainId, config, baseClaimed } = event;
    if (findChannel(role, event.channelId) !== undefined) throw duplicate(`channel ${event.channelId}`);
    putChannel({
      role,
      channelId: lowerCase(event.channelId),
      chainId,
      counterparty: lowerCase(role === 'provider' ? config.payer : config.receiver),
      config,
      baseClaimed,
      balance: 0n,
      ceiling: 0n,
      signature: null,
      committed: 0n,
      owed: 0n,
      claimed: baseClaimed,
      closingAt: 0,
      restored: 0n,
      restoredAtMs: 0,
    });
  }

  function applyAgreement(event: EventOf<'agreement'>, atMs: number): void {
    const { role, agreement } = event;
    if (findTask(role, event.agreementHash) !== undefined) throw duplicate(`agreement ${event.agreementHash}`);
    getChannel(role, agreement.channelId);
    statements.putTask.run(
      role,
      lowerCase(event.agreementHash),
      lowerCase(agreement.channelId),
      lowerCase(role === 'provider' ? agreement.requester : agreement.provider),
      event.taskKind,
      encodeFacts(agreement),
      agreement.finishBy > largestInteger ? largestInteger : agreement.finishBy,
      atMs,
    );
  }

  function applyVoucher(event: EventOf<'voucher'>, atMs: number): void {
    const { role, voucher } = event;
    const task = getTask(role, event.agreementHash);
    const channel = getChannel(role, voucher.channelId);
    if (channel.channelId !== task.channelId) throw inconsistent(`the voucher is for channel ${voucher.channelId}`);
    statements.putVoucher.run(
      role,
      channel.channelId,
      voucher.maxClaimableAmount.toString(),
      task.agreementHash,
      voucher.signature,
    );
    if (voucher.maxClaimableAmount > channel.ceiling) {
      putChannel({ ...channel, ceiling: voucher.maxClaimableAmount, signature: voucher.signature });
    }
    if (voucher.maxClaimableAmount > task.bestVoucher) {
      changeTask(task, { bestVoucher: voucher.maxClaimableAmount }, atMs);
    }
  }

  function applyChunk(event: EventOf<'chunk'>, atMs: number): void {
    const { role, chunk } = event;
    const task = getTask(role, event.agreementHash);
    if (chunk.sequence < task.chunks) throw duplicate(`chunk ${chunk.sequence} of ${task.agreementHash}`);
    if (chunk.sequence > task.chunks) throw inconsistent(`chunk ${chunk.sequence} came before chunk ${task.chunks}`);
    const unitsDone = task.unitsDone + chunk.units;
    statements.putChunk.run(role, task.agreementHash, chunk.sequence, unitsDone.toString(), chunk.payloadSha256);
    const amountDue = priceOfUnits(unitsDone, task.agreement.pricePerMillionUnits);
    changeTask(task, { unitsDone, amountDue, chunks: task.chunks + 1, state: 'running' }, atMs);
  }

  function applyReceipt(event: EventOf<'receipt'>, atMs: number): void {
    const task = getTask(event.role, event.receipt.agreementHash);
    if (task.receipt !== null) throw duplicate(`the receipt of ${task.agreementHash}`);
    changeTask(
      task,
      {
        receipt: event.receipt,
        receiptSignature: event.signature,
        receiptDelivered: event.role === 'provider',
        state: 'receipted',
        finishedAtMs: task.finishedAtMs ?? atMs,
      },
      atMs,
    );
  }

  function applyClaim(event: EventOf<'claim'>): void {
    const channel = getChannel('provider', event.channelId);
    if (event.totalClaimed <= channel.claimed) throw duplicate(`a claim up to ${event.totalClaimed}`);
    putChannel({ ...channel, claimed: event.totalClaimed });
    addToTotal('claimed', event.totalClaimed - channel.claimed);
    if (event.totalClaimed >= channel.baseClaimed + channel.owed) statements.markClaimed.run(channel.channelId);
  }

  function applySettle(event: EventOf<'settle'>): void {
    const key = [lowerCase(event.receiver), lowerCase(event.token)] as const;
    const row = statements.settlement.get(...key);
    const before = row === undefined ? null : amount(row, 'total_settled');
    if (before !== null && event.totalSettled <= before) throw duplicate(`a settlement up to ${event.totalSettled}`);
    statements.putSettlement.run(...key, event.totalSettled.toString());
    if (!event.isBase) addToTotal('settled', event.totalSettled - (before ?? 0n));
  }

  function applyRestored(event: EventOf<'restored'>, atMs: number): void {
    const { role, voucher } = event;
    const channel = getChannel(role, voucher.channelId);
    if (voucher.maxClaimableAmount <= channel.ceiling) throw duplicate(`a voucher over ${channel.ceiling}`);
    const restored = event.owed > channel.owed ? event.owed - channel.owed : 0n;
    // What a requester has signed is promised, whatever it was for; what a provider was owed, it had delivered.
    const promised =
      role === 'requester' ? voucher.maxClaimableAmount - channel.baseClaimed : channel.committed + restored;
    putChannel({
      ...channel,
      ceiling: voucher.maxClaimableAmount,
      signature: voucher.signature,
      committed: promised > channel.committed ? promised : channel.committed,
      owed: channel.owed + restored,
      restored: channel.restored + restored,
      restoredAtMs: atMs,
    });
    earn(role, restored, atMs);
  }

  function apply(event: LedgerEvent, atMs: number): void {
    switch (event.kind) {
      case 'channel':
        return applyChannel(event);
      case 'deposit': {
        const channel = getChannel(event.role, event.channelId);
        putChannel({ ...channel, balance: event.balance });
        if (event.role === 'requester') addToTotal('deposited', event.balance - channel.balance);
        return;
      }
      case 'agreement':
        return applyAgreement(event, atMs);
      case 'cover':
        return changeTask(getTask(event.role, event.agreementHash), { coveredUnits: event.coveredUnits }, atMs);
      case 'voucher':
        return applyVoucher(event, atMs);
      case 'acknowledge':
        return changeTask(getTask(event.role, event.agreementHash), { acknowledged: event.acknowledged }, atMs);
      case 'chunk':
        return applyChunk(event, atMs);
      case 'result': {
        const state = event.result.outcome === 'cancelled' ? 'cancelled' : 'delivered';
        return changeTask(getTask(event.role, event.result.agreementHash), { state, finishedAtMs: atMs }, atMs);
      }
      case 'receipt':
        return applyReceipt(event, atMs);
      case 'receipt-delivered':
        return changeTask(getTask(event.role, event.agreementHash), { receiptDelivered: true }, atMs);
      case 'closed': {
        const changes = { state: 'cancelled', detail: event.reason, finishedAtMs: atMs } as const;
        return changeTask(getTask(event.role, event.agreementHash), changes, atMs);
      }
      case 'claim':
        return applyClaim(event);
      case 'settle':
        return applySettle(event);
      case 'withdrawal':
        return putChannel({ ...getChannel(event.role, event.channelId), closingAt: event.initiatedAt });
      case 'restored':
        return applyRestored(event, atMs);
    }
  }

  return { apply, findChannel, findTask, total };
}

function lower(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

function committedOf(task: TaskRecord): bigint {
  if (task.receipt !== null && task.receiptDelivered) return task.receipt.amountDue;
  if (task.role === 'provider') return task.amountDue;
  return priceOfUnits(task.coveredUnits, task.agreement.pricePerMillionUnits);
}

function prepareStatements(database: DatabaseSync) {
  const prepare = (sql: string): StatementSync => database.prepare(sql);
  return {
    channel: prepare('SELECT * FROM channels WHERE role = ? AND channel_id = ?'),
    putChannel: prepare(
      `INSERT INTO channels VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET balance = excluded.balance, ceiling = excluded.ceiling, signature = excluded.signature,
        committed = excluded.committed, owed = excluded.owed, claimed = excluded.claimed,
        closing_at = excluded.closing_at, restored = excluded.restored, restored_at_ms = excluded.restored_at_ms`,
    ),
    task: prepare('SELECT * FROM tasks WHERE role = ? AND agreement_hash = ?'),
    putTask: prepare(
      `INSERT INTO tasks (role, agreement_hash, channel_id, counterparty, kind, agreement, finish_by, started_at_ms,
        state, units_done, amount_due, chunks, acknowledged, covered_units, best_voucher, committed, owed,
        receipt_delivered, detail)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'agreed', '0', '0', 0, 0, '0', '0', '0', '0', 0, '')`,
    ),
    changeTask: prepare(
      `UPDATE tasks SET ${changingTaskColumns.map((column) => `${column} = ?`).join(', ')}
      WHERE role = ? AND agreement_hash = ?`,
    ),
    markClaimed: prepare(
      "UPDATE tasks SET state = 'claimed' WHERE role = 'provider' AND channel_id = ? AND state = 'receipted'",
    ),
    chunk: prepare('SELECT units_done FROM chunks WHERE role = ? AND agreement_hash = ? AND sequence = ?'),
    putChunk: prepare('INSERT INTO chunks VALUES (?, ?, ?, ?, ?)'),
    putVoucher: prepare('INSERT INTO vouchers VALUES (?, ?, ?, ?, ?)'),
    settlement: prepare('SELECT total_settled FROM settlements WHERE receiver = ? AND token = ?'),
    putSettlement: prepare('INSERT OR REPLACE INTO settlements VALUES (?, ?, ?)'),
    total: prepare('SELECT amount FROM totals WHERE name = ?'),
    setTotal: prepare('UPDATE totals SET amount = ? WHERE name = ?'),
    putEarned: prepare('INSERT INTO earnings_over_time (at_ms, earned) VALUES (?, ?)'),
  };
}

function duplicate(what: string): LedgerError {
  return new LedgerError('LEDGER_DUPLICATE', `${what} is in the ledger already`);
}

function inconsistent(why: string): LedgerError {
  return new LedgerError('LEDGER_INCONSISTENT', why);
}
