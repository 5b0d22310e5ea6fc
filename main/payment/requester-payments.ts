import type { Hex, Receipt } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import { priceOfUnits } from '../../protocol/tasks.ts';
import type { SignedVoucher } from '../../protocol/x402.ts';
import type { ChannelRecord, Ledger, LedgerEvent, TaskRecord } from '../ledger/index.ts';
import type { ChainClient } from './chain-client.ts';
import { createChannelOpener } from './channel-opener.ts';
import { closeInterruptedTasks, receiptInterruptedTasks } from './interrupted-tasks.ts';
import { within } from './bell.ts';
import { readFunds } from './funds.ts';
import { createMutex } from './mutex.ts';
import { PaymentError } from './payment-error.ts';
import { requireChannel, requireTask } from './require-record.ts';
import { createRequesterExposure } from './requester-exposure.ts';
import { isSameAddress } from './typed-data.ts';
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

/** How long a task waits for those beside it; a provider waits 30 s for the next voucher. */
const usualWaitMs = 20_000;
/** The shortest that providers take. */
const usualWithdrawDelaySeconds = 86_400;

/**
 * The requester's money. Tasks that an earlier run left open are closed first; what they were covered for stays
 * promised to the provider until a receipt says less: `receiptInterrupted` issues it.
 */
export function createRequesterPayments(options: RequesterPaymentsOptions): RequesterPayments {
  const { ledger, chain, signer, withdrawDelaySeconds = usualWithdrawDelaySeconds, now = Date.now } = options;
  const opener = createChannelOpener({ ledger, chain, signer, withdrawDelaySeconds, now });
  /** One voucher at a time: each must count the cover that the one before it added. */
  const inTurn = createMutex();
  const exposure = createRequesterExposure(ledger);

  closeInterruptedTasks(ledger, 'requester');

  function get(agreementHash: Hex): { task: TaskRecord; channel: ChannelRecord } {
    const task = requireTask(ledger, 'requester', agreementHash);
    return { task, channel: requireChannel(ledger, 'requester', task.channelId) };
  }

  const openTask: RequesterPayments['openTask'] = ({ agreement, requesterSignature }, agreementHash, kind) => {
    if (kind !== 'chat' && kind !== 'render') throw new PaymentError('RECORD_INVALID', `"${kind}" is not a task kind`);
    const { receiverAuthorizer } = requireChannel(ledger, 'requester', agreement.channelId).config;
    if (!isSameAddress(receiverAuthorizer, agreement.provider)) {
      const message = `the channel is claimed from by ${receiverAuthorizer}, the agreement is with ${agreement.provider}`;
      throw new PaymentError('RECORD_INVALID', message);
    }
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
    exposure.taskOpened(agreementHash, agreement);
  };

  const signVoucher: RequesterPayments['signVoucher'] = async (agreementHash, wantedUnits, options = {}) => {
    const { atLeastUnits = wantedUnits, waitMs = usualWaitMs, signal } = options;
    if (!exposure.isOpen(agreementHash)) {
      return refuse('UNKNOWN_AGREEMENT', `no agreement ${agreementHash} is open here`);
    }
    const { provider } = get(agreementHash).task.agreement;
    const untilMs = performance.now() + waitMs;
    const place = exposure.queue(provider);
    try {
      for (;;) {
        // Taken before looking: what changes while we look is not missed.
        const change = exposure.change();
        const outcome = await (place.isFirst
          ? inTurn(() => signNow(agreementHash, wantedUnits, atLeastUnits))
          : Promise.resolve(lineTaken(provider)));
        const leftMs = signal?.aborted === true ? 0 : untilMs - performance.now();
        const isWorthWaiting = !place.isFirst || exposure.mayBeReleased(provider);
        if (outcome.ok || outcome.code !== 'EXPOSURE_LIMIT' || !isWorthWaiting || leftMs <= 0) return outcome;
        await within(change, leftMs, signal);
      }
    } finally {
      place.leave();
    }
  };

  function lineTaken(provider: Hex) {
    const line = exposure.lineOf(provider);
    const message = `${provider} could take more than one chunk, ${line}, that it has not delivered`;
    return refuse('EXPOSURE_LIMIT', message, { needed: line, available: 0n });
  }

  async function signNow(
    agreementHash: Hex,
    wantedUnits: bigint,
    atLeastUnits: bigint,
  ): Promise<PaymentOutcome<{ voucher: SignedVoucher; coveredUnits: bigint }>> {
    const { task, channel } = get(agreementHash);
    const { agreement } = task;
    if (wantedUnits < 0n || wantedUnits > agreement.maxUnits) {
      const message = `cover for ${wantedUnits} units was asked for, agreed are at most ${agreement.maxUnits}`;
      return refuse('NOT_COVERED', message, { needed: wantedUnits, available: agreement.maxUnits });
    }
    if (agreement.pricePerMillionUnits === 0n) {
      return refuse('NOT_COVERED', 'a task that costs nothing has no voucher, and no provider takes it without one');
    }
    const coverable = exposure.coverable(task, channel, wantedUnits, atLeastUnits);
    const covered = coverable > task.coveredUnits ? coverable : task.coveredUnits;
    if (covered < atLeastUnits) return lineTaken(agreement.provider);
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
      const voucher = { channelId, maxClaimableAmount, signature: channel.signature };
      return { ok: true, voucher, coveredUnits: covered };
    }
    const voucher = await signer.signVoucher(channel.config, maxClaimableAmount);
    ledger.append(...events, { kind: 'voucher', role: 'requester', agreementHash, voucher });
    return { ok: true, voucher, coveredUnits: covered };
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
    exposure.released();
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
    exposure.taskEnded(agreementHash);
    return { signature };
  }

  function markReceiptDelivered(agreementHash: Hex): void {
    const { task } = get(agreementHash);
    if (task.receipt === null) throw new PaymentError('RECORD_INVALID', `task ${agreementHash} has no receipt yet`);
    if (!task.receiptDelivered) ledger.append({ kind: 'receipt-delivered', role: 'requester', agreementHash });
    exposure.released();
  }

  const refundable: RequesterPayments['refundable'] = (channelId) =>
    ledger
      .listChannels('requester')
      .filter((channel) => channel.chainId === chain.settings.chainId)
      .filter(({ channelId: id, balance, ceiling }) =>
        channelId === undefined ? balance > ceiling : isSameAddress(id, channelId),
      )
      .map(({ channelId: id, config }) => ({
        channelId: id,
        provider: config.receiverAuthorizer,
        openTasks: ledger.listOpenTasks('requester', id, Math.floor(now() / 1_000)).length,
      }));

  async function noteRefund(channelId: Hex, transactionHash: Hex): Promise<bigint> {
    const { balance } = await chain.readChannel(channelId);
    const before = requireChannel(ledger, 'requester', channelId).balance;
    if (balance !== before) {
      ledger.append({ kind: 'deposit', role: 'requester', channelId, balance, transactionHash });
    }
    return before - balance;
  }

  return {
    address: signer.address,
    refundable,
    noteRefund,
    openChannel: opener.openChannel,
    missingDeposit: opener.missingDeposit,
    funds: () => readFunds(chain, signer.address),
    receiptInterrupted: () =>
      receiptInterruptedTasks(ledger, {
        chainId: chain.settings.chainId,
        nowSeconds: BigInt(Math.floor(now() / 1_000)),
        issue: (agreementHash, receipt) => inTurn(() => issueReceipt(agreementHash, receipt)),
      }),
    openTask,
    signVoucher,
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
