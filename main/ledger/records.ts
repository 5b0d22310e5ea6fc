/** What the derived tables hold, one record a row, and the way between the two. */
import type { SQLOutputValue } from 'node:sqlite';
import type { Agreement, Hex, Receipt } from '../../protocol/agreement.ts';
import type { TaskState } from '../../protocol/node-api.ts';
import type { TaskKind } from '../../protocol/tasks.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { decodeFacts, encodeFacts } from './events.ts';
import type { Role } from './events.ts';
import { LedgerError } from './ledger-error.ts';

export interface ChannelRecord {
  readonly role: Role;
  readonly channelId: Hex;
  readonly chainId: bigint;
  /** Lower-case address: the payer for a provider, the receiver for a requester. */
  readonly counterparty: Hex;
  readonly config: ChannelConfig;
  /** Claimed on chain before this ledger knew the channel. */
  readonly baseClaimed: bigint;
  readonly balance: bigint;
  /** Highest voucher; 0 and null while there is none. */
  readonly ceiling: bigint;
  readonly signature: Hex | null;
  /** Sum of the tasks' `committed`, and what was restored. */
  readonly committed: bigint;
  /** Sum of the tasks' `owed`, and what was restored. */
  readonly owed: bigint;
  /** As the chain had it at the last look; starts at `baseClaimed`. */
  readonly claimed: bigint;
  /** Block time at which the payer announced to take its deposit back; 0 while it has not. */
  readonly closingAt: number;
  /** Part of `owed` that came back from the voucher mirror and that no task of the ledger accounts for. */
  readonly restored: bigint;
  readonly restoredAtMs: number;
}

export interface TaskRecord {
  readonly role: Role;
  readonly agreementHash: Hex;
  readonly channelId: Hex;
  readonly counterparty: Hex;
  readonly kind: TaskKind;
  readonly state: TaskState;
  readonly agreement: Agreement;
  readonly unitsDone: bigint;
  /** Price of `unitsDone`. */
  readonly amountDue: bigint;
  /** Chunks recorded; the next one has this sequence number. */
  readonly chunks: number;
  /** Chunks the requester confirmed. */
  readonly acknowledged: number;
  readonly coveredUnits: bigint;
  /** Highest voucher that came with this task. */
  readonly bestVoucher: bigint;
  /** What a voucher must cover: the receipt once both sides have it; until then all that was delivered (provider) or covered (requester). */
  readonly committed: bigint;
  /** What the provider may claim: the receipt, else the acknowledged chunks. For the requester: the receipt, else what arrived. */
  readonly owed: bigint;
  readonly receipt: Receipt | null;
  readonly receiptSignature: Hex | null;
  readonly receiptDelivered: boolean;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  readonly detail: string;
}

export type Row = Record<string, SQLOutputValue>;

export function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value === 'string') return value;
  throw new LedgerError('LEDGER_CORRUPT', `column ${column} holds ${typeof value}, not text`);
}

export function integer(row: Row, column: string): number {
  const value = row[column];
  if (typeof value === 'number') return value;
  throw new LedgerError('LEDGER_CORRUPT', `column ${column} holds ${typeof value}, not a number`);
}

export function amount(row: Row, column: string): bigint {
  return BigInt(text(row, column));
}

/** Addresses and hashes are stored in lower case, so that a checksummed one finds the same row. */
export function lowerCase(value: Hex): Hex {
  return asHex(value.toLowerCase());
}

export function asHex(value: string): Hex {
  if (isHex(value)) return value;
  throw new LedgerError('LEDGER_CORRUPT', `"${value.slice(0, 80)}" is not 0x-prefixed`);
}

function isHex(value: string): value is Hex {
  return value.startsWith('0x');
}

function isTaskState(value: string): value is TaskState {
  return ['agreed', 'running', 'delivered', 'receipted', 'claimed', 'cancelled', 'failed'].includes(value);
}

export function channelFromRow(row: Row): ChannelRecord {
  return {
    role: text(row, 'role') === 'provider' ? 'provider' : 'requester',
    channelId: asHex(text(row, 'channel_id')),
    chainId: amount(row, 'chain_id'),
    counterparty: asHex(text(row, 'counterparty')),
    config: decodeFacts<ChannelConfig>(text(row, 'config')),
    baseClaimed: amount(row, 'base_claimed'),
    balance: amount(row, 'balance'),
    ceiling: amount(row, 'ceiling'),
    signature: row['signature'] === null ? null : asHex(text(row, 'signature')),
    committed: amount(row, 'committed'),
    owed: amount(row, 'owed'),
    claimed: amount(row, 'claimed'),
    closingAt: integer(row, 'closing_at'),
    restored: amount(row, 'restored'),
    restoredAtMs: integer(row, 'restored_at_ms'),
  };
}

export function taskFromRow(row: Row): TaskRecord {
  const state = text(row, 'state');
  if (!isTaskState(state)) throw new LedgerError('LEDGER_CORRUPT', `a task is in state "${state}"`);
  return {
    role: text(row, 'role') === 'provider' ? 'provider' : 'requester',
    agreementHash: asHex(text(row, 'agreement_hash')),
    channelId: asHex(text(row, 'channel_id')),
    counterparty: asHex(text(row, 'counterparty')),
    kind: text(row, 'kind') === 'render' ? 'render' : 'chat',
    state,
    agreement: decodeFacts<Agreement>(text(row, 'agreement')),
    unitsDone: amount(row, 'units_done'),
    amountDue: amount(row, 'amount_due'),
    chunks: integer(row, 'chunks'),
    acknowledged: integer(row, 'acknowledged'),
    coveredUnits: amount(row, 'covered_units'),
    bestVoucher: amount(row, 'best_voucher'),
    committed: amount(row, 'committed'),
    owed: amount(row, 'owed'),
    receipt: row['receipt'] === null ? null : decodeFacts<Receipt>(text(row, 'receipt')),
    receiptSignature: row['receipt_signature'] === null ? null : asHex(text(row, 'receipt_signature')),
    receiptDelivered: integer(row, 'receipt_delivered') === 1,
    startedAtMs: integer(row, 'started_at_ms'),
    finishedAtMs: row['finished_at_ms'] === null ? null : integer(row, 'finished_at_ms'),
    detail: text(row, 'detail'),
  };
}

/** Columns of `channels` in the order of the table. */
export function channelToColumns(channel: ChannelRecord): (string | number | null)[] {
  return [
    channel.role,
    channel.channelId,
    channel.chainId.toString(),
    channel.counterparty,
    encodeFacts(channel.config),
    channel.baseClaimed.toString(),
    channel.balance.toString(),
    channel.ceiling.toString(),
    channel.signature,
    channel.committed.toString(),
    channel.owed.toString(),
    channel.claimed.toString(),
    channel.closingAt,
    channel.restored.toString(),
    channel.restoredAtMs,
  ];
}

/** The columns of `tasks` that change, in the order {@link changingTaskColumns} names them. */
export function taskToChangingColumns(task: TaskRecord): (string | number | null)[] {
  return [
    task.state,
    task.unitsDone.toString(),
    task.amountDue.toString(),
    task.chunks,
    task.acknowledged,
    task.coveredUnits.toString(),
    task.bestVoucher.toString(),
    task.committed.toString(),
    task.owed.toString(),
    task.receipt === null ? null : encodeFacts(task.receipt),
    task.receiptSignature,
    task.receiptDelivered ? 1 : 0,
    task.finishedAtMs,
    task.detail,
  ];
}

export const changingTaskColumns = [
  'state',
  'units_done',
  'amount_due',
  'chunks',
  'acknowledged',
  'covered_units',
  'best_voucher',
  'committed',
  'owed',
  'receipt',
  'receipt_signature',
  'receipt_delivered',
  'finished_at_ms',
  'detail',
] as const;
