/** The books as an owner reads them: what each task brought, and how each channel stands. */
import type { DatabaseSync } from 'node:sqlite';
import type { ChannelSnapshot, EarningEntry } from '../../protocol/node-api.ts';
import type { Role } from './events.ts';
import { channelFromRow, integer, taskFromRow } from './records.ts';
import type { ChannelRecord, Row } from './records.ts';

const zeroHash = `0x${'0'.repeat(64)}`;

export function createStatements(database: DatabaseSync, listChannels: (role: Role) => readonly ChannelRecord[]) {
  const paidTasks = database.prepare("SELECT * FROM tasks WHERE number > ? AND owed <> '0' ORDER BY number LIMIT ?");
  const newestTask = database.prepare('SELECT coalesce(max(number), 0) AS newest FROM tasks');
  const restored = database.prepare("SELECT * FROM channels WHERE restored <> '0' ORDER BY rowid");

  /**
   * Tasks with money in the order they began, those with a `number` above `after`, then what was restored without its
   * tasks. The amounts of the provider's entries add up to `earned`, the requester's to `spent`.
   */
  function listEarnings(after = 0, limit = 500): readonly EarningEntry[] {
    const tasks = paidTasks.all(after, limit).map((row): EarningEntry => {
      const task = taskFromRow(row);
      return {
        number: integer(row, 'number'),
        atMs: task.finishedAtMs ?? task.startedAtMs,
        role: task.role,
        kind: task.kind,
        counterparty: task.counterparty,
        units: (task.receipt?.units ?? task.unitsDone).toString(),
        amount: task.owed.toString(),
        basis: task.receipt !== null ? 'receipt' : task.role === 'provider' ? 'acknowledged' : 'received',
        state: task.state,
        agreementHash: task.agreementHash,
      };
    });
    const newest = integer(newestTask.get() as Row, 'newest');
    const extra = restored.all().map((row, index): EarningEntry => {
      const channel = channelFromRow(row);
      return {
        number: newest + 1 + index,
        atMs: channel.restoredAtMs,
        role: channel.role,
        kind: 'restored',
        counterparty: channel.counterparty,
        units: '0',
        amount: channel.restored.toString(),
        basis: 'restored',
        state: 'delivered',
        agreementHash: zeroHash,
      };
    });
    return [...tasks, ...(tasks.length < limit ? extra.filter(({ number }) => number > after) : [])].slice(0, limit);
  }

  function channelSnapshots(): readonly ChannelSnapshot[] {
    return [...listChannels('provider'), ...listChannels('requester')].map((channel) => ({
      role: channel.role,
      channelId: channel.channelId,
      chainId: Number(channel.chainId),
      counterparty: channel.counterparty,
      receiver: channel.config.receiver,
      token: channel.config.token,
      withdrawDelaySeconds: channel.config.withdrawDelay,
      balance: channel.balance.toString(),
      ceiling: channel.ceiling.toString(),
      owed: (channel.baseClaimed + channel.owed).toString(),
      claimed: channel.claimed.toString(),
      closesAtMs: channel.closingAt === 0 ? null : (channel.closingAt + channel.config.withdrawDelay) * 1_000,
    }));
  }

  return { listEarnings, channelSnapshots };
}
