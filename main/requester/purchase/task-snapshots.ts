import type { TaskSnapshot, TaskState } from '../../../protocol/node-api.ts';
import { priceOfUnits } from '../../../protocol/tasks.ts';
import type { RequesterComponents } from '../components.ts';
import type { Order } from './buy.ts';
import type { Purchase } from './purchase.ts';
import type { DraftAgreement } from './sign-agreement.ts';

/** Shows how a purchase stands to whoever looks at the node. */
export function snapshots(
  { onTask, nowMs = Date.now }: RequesterComponents,
  { task, offer }: Order,
  { agreement, agreementHash }: DraftAgreement,
): (state: TaskState, purchase: Purchase, detail: string) => void {
  const startedAtMs = nowMs();
  return (state, purchase, detail) => {
    const snapshot: TaskSnapshot = {
      id: agreementHash,
      role: 'requester',
      kind: task.kind,
      counterparty: offer.peer.wallet,
      state,
      unitsDone: purchase.unitsDone.toString(),
      unitsTotal: agreement.maxUnits.toString(),
      amountDue: priceOfUnits(purchase.unitsDone, agreement.pricePerMillionUnits).toString(),
      startedAtMs,
      finishedAtMs: state === 'running' || state === 'delivered' ? null : nowMs(),
      unitsPerSecond: purchase.rate,
      detail,
    };
    onTask?.(snapshot);
  };
}
