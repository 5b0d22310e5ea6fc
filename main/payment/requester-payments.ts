import type { Hex, Receipt } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import { priceOfUnits } from '../../protocol/tasks.ts';
import type { SignedVoucher } from '../../protocol/x402.ts';
import type { ChannelRecord, Ledger, LedgerEvent, TaskRecord } from '../ledger/index.ts';
import type { ChainClient } from './chain-client.ts';
import { createChannelOpener } from './channel-opener.ts';
import { closeInterruptedTasks } from './interrupted-tasks.ts';
import { createMutex } from './mutex.ts';
import { PaymentError } from './payment-error.ts';
import { requireChannel, requireTask } from './require-record.ts';
import type { PaymentOutcome, RequesterPayments, Signer } from './types.ts';

export interface RequesterPaymentsOptions {
  readonly ledger: Ledger;
  /** Sends deposits from the signer's address, which needs the token and a little of the chain's coin. */
  readonly chain: ChainClient;
  readonly signer: Pick<Signer, 'address' | 'signVoucher' | 'signReceipt'>;
  /** Of channels opened from now on; providers refuse less than a day. */
  readonly withdrawDelaySeconds?: number;
  readonly now?: () => number;
}

/** The shortest that providers take. */
const usualWithdrawDelaySeconds = 86_400;

/**
 * The requester's money. Tasks that an earlier run left open are closed first; what they were covered for stays
 * promised to the provider until a receipt says less.
 */
export function createRequesterPayments(options: RequesterPaymentsOptions): RequesterPayments {
  const { ledger, chain, signer, withdrawDelaySeconds = usualWithdrawDelaySeconds, now = Date.now } = options;
  const opener = createChannelOpener({ ledger, chain, signer, withdrawDelaySeconds, now });
  /** One voucher at a time: each must count the cover that the one before it added. */
  const inTurn = createMutex();

  closeInterruptedTasks(ledger, 'requester');

  function get(agreementHash: Hex): { task: TaskRecord; channel: ChannelRecord } {
    const task = requireTask(ledger, 'requester', agreementHash);
    return { task, channel: requireChannel(ledger, 'requester', task.channelId) };
  }

  const openTask: RequesterPayments['openTask'] = ({ agreement, requesterSignature }, agreementHash, kind) => {
    if (kind !== 'chat' && kind !== 'render') throw new PaymentError('RECORD_INVALID', `"${kind}" is not a task kind`);
    ledger.append({
      kind: 'agreement',
      role: 'requester',
      agreementHash,
      taskKind: kind,
      agreement,
      requesterSignature,
      providerSignature: null,
    });
    opener.taskOpened(agreement);
  };

  async function signVoucher(
    agreementHash: Hex,
    coveredUnits: bigint,
  ): Promise<PaymentOutcome<{ voucher: SignedVoucher }>> {
    if (ledger.findTask('requester', agreementHash) === undefined) {
      return refuse('UNKNOWN_AGREEMENT', `no agreement ${agreementHash} was opened here`);
    }
    const { task, channel } = get(agreementHash);
    const { agreement } = task;
    if (coveredUnits < 0n || coveredUnits > agreement.maxUnits) {
      const message = `cover for ${coveredUnits} units was asked for, agreed are at most ${agreement.maxUnits}`;
      return refuse('NOT_COVERED', message, { needed: coveredUnits, available: agreement.maxUnits });
    }
    if (task.receipt !== null) return refuse('UNKNOWN_AGREEMENT', `task ${agreementHash} has its receipt already`);
    const covered = coveredUnits > task.coveredUnits ? coveredUnits : task.coveredUnits;
    const price = priceOfUnits(covered, agreement.pricePerMillionUnits);
    const sum = channel.baseClaimed + channel.committed - task.committed + price;
    // Receipts below their cover lower the sum; what was promised once stays promised.
    const maxClaimableAmount = sum > channel.ceiling ? sum : channel.ceiling;
    if (maxClaimableAmount > channel.balance) {
      const message = `the voucher would cover ${maxClaimableAmount}, the deposit is ${channel.balance}`;
      return refuse('VOUCHER_OVER_DEPOSIT', message, { needed: maxClaimableAmount, available: channel.balance });
    }
    const events: LedgerEvent[] = [];
    if (covered > task.coveredUnits) {
      events.push({ kind: 'cover', role: 'requester', agreementHash, coveredUnits: covered });
    }
    const { channelId } = channel;
    if (maxClaimableAmount === channel.ceiling && channel.signature !== null) {
      if (events.length > 0) ledger.append(...events);
      return { ok: true, voucher: { channelId, maxClaimableAmount, signature: channel.signature } };
    }
    const voucher = await signer.signVoucher(channel.config, maxClaimableAmount);
    ledger.append(...events, { kind: 'voucher', role: 'requester', agreementHash, voucher });
    return { ok: true, voucher };
  }

  const recordChunk: RequesterPayments['recordChunk'] = (agreementHash, chunk) => {
    const { task } = get(agreementHash);
    if (task.receipt !== null)
      throw new PaymentError('RECORD_INVALID', `task ${agreementHash} has its receipt already`);
    if (chunk.units < 0n || task.unitsDone + chunk.units > task.coveredUnits) {
      throw new PaymentError(
        'RECORD_INVALID',
        `chunk ${chunk.sequence} brings ${chunk.units} units after ${task.unitsDone}, covered are ${task.coveredUnits}`,
      );
    }
    ledger.append({ kind: 'chunk', role: 'requester', agreementHash, chunk });
    const { unitsDone, amountDue } = get(agreementHash).task;
    return { unitsDone, amountDue };
  };

  async function issueReceipt(agreementHash: Hex, receipt: Receipt): Promise<{ signature: Hex }> {
    const { task } = get(agreementHash);
    if (task.receipt !== null && task.receiptSignature !== null) return { signature: task.receiptSignature };
    const price = priceOfUnits(receipt.units, task.agreement.pricePerMillionUnits);
    if (receipt.agreementHash !== agreementHash || receipt.amountDue !== price || receipt.units > task.unitsDone) {
      throw new PaymentError(
        'RECORD_INVALID',
        `a receipt over ${receipt.amountDue} for ${receipt.units} units does not fit: their price is ${price}, ` +
          `${task.unitsDone} arrived`,
      );
    }
    const signature = await signer.signReceipt(receipt);
    ledger.append({ kind: 'receipt', role: 'requester', receipt, signature });
    return { signature };
  }

  function markReceiptDelivered(agreementHash: Hex): void {
    const { task } = get(agreementHash);
    if (task.receipt === null) throw new PaymentError('RECORD_INVALID', `task ${agreementHash} has no receipt yet`);
    if (!task.receiptDelivered) ledger.append({ kind: 'receipt-delivered', role: 'requester', agreementHash });
  }

  return {
    address: signer.address,
    openChannel: opener.openChannel,
    openTask,
    signVoucher: (agreementHash, coveredUnits) => inTurn(() => signVoucher(agreementHash, coveredUnits)),
    recordChunk,
    issueReceipt: (agreementHash, receipt) => inTurn(() => issueReceipt(agreementHash, receipt)),
    undeliveredReceipts: ledger.undeliveredReceipts,
    markReceiptDelivered,
    totals: () => {
      const { spent, deposited } = ledger.totals();
      return { spent, deposited };
    },
  };
}
