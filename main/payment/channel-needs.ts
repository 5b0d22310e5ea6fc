import type { ChannelRecord, Ledger } from '../ledger/index.ts';
import { priceOfUnits } from '../../protocol/tasks.ts';
import type { Agreement } from '../../protocol/agreement.ts';

/** What an agreement can cost at most. */
export function highestPrice(agreement: Agreement): bigint {
  return priceOfUnits(agreement.maxUnits, agreement.pricePerMillionUnits);
}

/** The deposit that lets every open task of the channel run to its end. */
export function depositNeeded(ledger: Ledger, channel: ChannelRecord, nowMs: number): bigint {
  const openTasks = ledger.listOpenTasks(channel.role, channel.channelId, Math.floor(nowMs / 1_000));
  const stillToCome = openTasks.reduce((sum, task) => sum + highestPrice(task.agreement) - task.committed, 0n);
  return channel.baseClaimed + channel.committed + stillToCome;
}
