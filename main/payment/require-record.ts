import type { Hex } from '../../protocol/agreement.ts';
import type { ChannelRecord, Ledger, Role, TaskRecord } from '../ledger/index.ts';
import { PaymentError } from './payment-error.ts';

/** @throws PaymentError RECORD_INVALID */
export function requireTask(ledger: Ledger, role: Role, agreementHash: Hex): TaskRecord {
  const task = ledger.findTask(role, agreementHash);
  if (task === undefined) throw new PaymentError('RECORD_INVALID', `no task with agreement ${agreementHash}`);
  return task;
}

/** @throws PaymentError RECORD_INVALID */
export function requireChannel(ledger: Ledger, role: Role, channelId: Hex): ChannelRecord {
  const channel = ledger.findChannel(role, channelId);
  if (channel === undefined) throw new PaymentError('RECORD_INVALID', `no channel ${channelId}`);
  return channel;
}
