import type { Ledger, Role } from '../ledger/index.ts';

/** Closes the tasks whose streams ended with an earlier run of the node. Receipts for them still count. */
export function closeInterruptedTasks(ledger: Ledger, role: Role): void {
  for (const channel of ledger.listChannels(role)) {
    for (const { agreementHash } of ledger.listOpenTasks(role, channel.channelId, 0)) {
      ledger.append({ kind: 'closed', role, agreementHash, reason: 'The node was restarted.' });
    }
  }
}
