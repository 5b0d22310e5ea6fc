import type { Hex, Receipt } from '../../protocol/agreement.ts';
import { hashChunkChain } from '../../protocol/hashing/chunk-chain.ts';
import type { Ledger, Role } from '../ledger/index.ts';
import type { InterruptedTask } from './types.ts';

/** Closes the tasks whose streams ended with an earlier run of the node. Receipts for them still count. */
export function closeInterruptedTasks(ledger: Ledger, role: Role): void {
  for (const channel of ledger.listChannels(role)) {
    for (const { agreementHash } of ledger.listOpenTasks(role, channel.channelId, 0)) {
      ledger.append({ kind: 'closed', role, agreementHash, reason: 'The node was restarted.' });
    }
  }
}

/**
 * A receipt for what arrived of each task that the requester was cut off in: until its provider has it, it takes no other
 * task, and what was covered stays promised. Returns what it was; empty when nothing was open.
 */
export async function receiptInterruptedTasks(
  ledger: Ledger,
  options: {
    readonly chainId: bigint;
    readonly nowSeconds: bigint;
    readonly issue: (agreementHash: Hex, receipt: Receipt) => Promise<unknown>;
  },
): Promise<readonly InterruptedTask[]> {
  const interrupted: InterruptedTask[] = [];
  for (const task of ledger.listUnreceipted()) {
    const { agreementHash, agreement, channelId, counterparty, kind, unitsDone, amountDue, startedAtMs } = task;
    // Another chain's receipt is signed when the node runs on that one again.
    if (ledger.findChannel('requester', channelId)?.chainId !== options.chainId) continue;
    const resultHash = hashChunkChain(agreementHash, ledger.listChunks('requester', agreementHash));
    const issuedAt = options.nowSeconds;
    const verdict = 'partial';
    await options.issue(agreementHash, { agreementHash, resultHash, units: unitsDone, amountDue, verdict, issuedAt });
    const { maxUnits } = agreement;
    interrupted.push({ agreementHash, provider: counterparty, kind, unitsDone, maxUnits, amountDue, startedAtMs });
  }
  return interrupted;
}
