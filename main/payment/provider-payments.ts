import { receiptTypes, agreementTypes, hearthDomain } from '../../protocol/agreement.ts';
import type { Hex, Receipt, SignedAgreement, TaskResult } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import { chainIdentity, hashAgreement } from '../../protocol/hashing/typed-data.ts';
import { priceOfUnits } from '../../protocol/tasks.ts';
import { settlementAddress } from '../../protocol/x402.ts';
import type { SignedVoucher } from '../../protocol/x402.ts';
import { LedgerError } from '../ledger/index.ts';
import type { ChannelRecord, Ledger, LedgerEvent, TaskRecord } from '../ledger/index.ts';
import type { ChainClient } from './chain-client.ts';
import { createChannelCheck } from './channel-check.ts';
import { createClaimer } from './claimer.ts';
import { closeInterruptedTasks } from './interrupted-tasks.ts';
import { createBell } from './bell.ts';
import { createMutex } from './mutex.ts';
import { createProviderExposure } from './provider-exposure.ts';
import { PaymentError } from './payment-error.ts';
import { createRefunds } from './refunds.ts';
import { requireChannel, requireTask } from './require-record.ts';
import { checkSignature, isSameAddress } from './typed-data.ts';
import type { PaymentOutcome, ProviderPayments, RequestPayments, Signer } from './types.ts';
import { checkVoucher, refuseChannel } from './voucher-check.ts';

export interface ProviderPaymentsOptions {
  readonly ledger: Ledger;
  /** Sends claims from the signer's address, which therefore needs a little of the chain's coin. */
  readonly chain: ChainClient;
  readonly signer: Pick<Signer, 'address'>;
  /** Who is paid; the signer itself when omitted. */
  readonly payoutAddress?: Hex;
  /** Channels with a shorter withdraw delay are refused: a provider that sleeps longer loses its vouchers. */
  readonly minimumDelaySeconds?: number;
  readonly now?: () => number;
}

type OpenInput = Parameters<RequestPayments['openRequest']>[0] & { readonly signatures: SignedAgreement | null };

/** A day: a node that is off over night still claims in time. */
export const usualMinimumDelaySeconds = 86_400;

/**
 * The provider's money. Tasks that an earlier run left open are closed first: their streams are gone, what was
 * acknowledged stays claimable, and a late receipt still counts.
 */
export function createProviderPayments(options: ProviderPaymentsOptions): ProviderPayments & RequestPayments {
  const { ledger, chain, signer, payoutAddress = signer.address, now = Date.now } = options;
  const minimumDelaySeconds = options.minimumDelaySeconds ?? usualMinimumDelaySeconds;
  const { chainId } = chain.settings;
  const domain = hearthDomain(chainId, settlementAddress);
  const checkChannel = createChannelCheck({ ledger, chain, signer, payoutAddress, minimumDelaySeconds });
  const claimer = createClaimer({ ledger, chain });
  /** One task is opened at a time, so that the same agreement coming twice at once is seen. */
  const inTurn = createMutex();
  const exposure = createProviderExposure({ ledger, now });
  const releases = createBell();
  const refunds = createRefunds({ ledger, chain, now });

  closeInterruptedTasks(ledger, 'provider');

  const nowSeconds = (): bigint => BigInt(Math.floor(now() / 1_000));

  function find(agreementHash: Hex): { task: TaskRecord; channel: ChannelRecord } | undefined {
    const task = ledger.findTask('provider', agreementHash);
    return task && { task, channel: requireChannel(ledger, 'provider', task.channelId) };
  }

  const get = (agreementHash: Hex): TaskRecord => requireTask(ledger, 'provider', agreementHash);

  /** `signatures` null: a request over HTTP. */
  const open = async ({
    agreement,
    signatures,
    agreementHash,
    channel,
    kind,
  }: OpenInput): Promise<PaymentOutcome<object>> => {
    if (kind !== 'chat' && kind !== 'render') throw new PaymentError('RECORD_INVALID', `"${kind}" is not a task kind`);
    if (!isSameAddress(hashAgreement(agreement, chainIdentity(chainId)), agreementHash)) {
      return refuse('AGREEMENT_SIGNATURE', `${agreementHash} is not the hash of the agreement on chain ${chainId}`);
    }
    if (ledger.findTask('provider', agreementHash) !== undefined) {
      return refuse('AGREEMENT_KNOWN', `agreement ${agreementHash} was opened before`);
    }
    if (agreement.startBy < nowSeconds()) return expired('startBy', agreement.startBy);
    const fields = checkChannel.fields(agreement, channel);
    if (fields !== undefined) return fields;
    const signature = { domain, types: agreementTypes, value: agreement };
    const requesterSignature = signatures?.requesterSignature ?? null;
    if (requesterSignature !== null && checkSignature(signature, requesterSignature, agreement.requester) !== 'valid') {
      return refuse('AGREEMENT_SIGNATURE', `the agreement is not signed by its requester ${agreement.requester}`);
    }
    if (refunds.isUnderWay(agreement.channelId)) {
      return refuse('CHANNEL_BUSY', `the deposit of channel ${agreement.channelId} is being given back`);
    }
    const unpaid = signatures === null ? undefined : exposure.refuseTask(agreement);
    if (unpaid !== undefined) return unpaid;
    const onChain = await checkChannel.onChain(agreement, channel);
    if (!onChain.ok) return onChain;
    const recorded = record(...onChain.events, {
      kind: 'agreement',
      role: 'provider',
      agreementHash,
      taskKind: kind,
      agreement,
      requesterSignature,
      providerSignature: signatures?.providerSignature ?? null,
    });
    if (!recorded.ok) return recorded;
    if (signatures === null) exposure.requestOpened(agreementHash);
    else exposure.taskOpened(agreementHash, agreement);
    return recorded;
  };

  /** A disk that takes nothing is a refusal to the other side, not a failure of this one. */
  function record(...events: readonly LedgerEvent[]): PaymentOutcome<object> {
    try {
      if (events.length > 0) ledger.append(...events);
      return { ok: true };
    } catch (error) {
      if (!(error instanceof LedgerError) || error.code !== 'LEDGER_STORAGE') throw error;
      return refuse('LEDGER_STORAGE', 'this node cannot record payments now: its disk is full or failing');
    }
  }

  function acceptVoucher(agreementHash: Hex, voucher: SignedVoucher, acknowledged: number): PaymentOutcome<object> {
    const found = find(agreementHash);
    if (found === undefined) return unknown(agreementHash);
    const { task, channel } = found;
    const amount = voucher.maxClaimableAmount;
    if (!isSameAddress(voucher.channelId, task.channelId)) {
      return refuseChannel(voucher, task.channelId, channel.config, chainId);
    }
    if (task.agreement.finishBy < nowSeconds()) return expired('finishBy', task.agreement.finishBy);
    // Streams of one channel overtake each other, so only a fall within the same task is wrong.
    if (amount < task.bestVoucher || amount <= 0n) {
      const message = `the voucher covers ${amount}, an earlier one of this task ${task.bestVoucher}`;
      return refuse('VOUCHER_NOT_HIGHER', message, { needed: task.bestVoucher, available: amount });
    }
    if (amount > channel.balance) {
      const message = `the voucher covers ${amount}, the deposit is ${channel.balance}`;
      return refuse('VOUCHER_OVER_DEPOSIT', message, { needed: amount, available: channel.balance });
    }
    const isKnown = amount === channel.ceiling && voucher.signature === channel.signature;
    if (!isKnown) {
      const refusal = checkVoucher(voucher, channel.config, chainId);
      if (refusal !== undefined) return refusal;
    }
    const events: LedgerEvent[] = [];
    if (amount > channel.ceiling) events.push({ kind: 'voucher', role: 'provider', agreementHash, voucher });
    const confirmed = Math.min(acknowledged, task.chunks);
    if (confirmed > task.acknowledged) {
      events.push({ kind: 'acknowledge', role: 'provider', agreementHash, acknowledged: confirmed });
    }
    const recorded = record(...events);
    releases.ring();
    return recorded;
  }

  function reserveChunk(agreementHash: Hex, units: bigint): PaymentOutcome<object> {
    const found = find(agreementHash);
    if (found === undefined) return unknown(agreementHash);
    const { task, channel } = found;
    const { agreement } = task;
    if (task.state !== 'agreed' && task.state !== 'running') {
      return refuse('UNKNOWN_AGREEMENT', `task ${agreementHash} has ended: ${task.state}`);
    }
    if (agreement.finishBy < nowSeconds()) return expired('finishBy', agreement.finishBy);
    if (units < 0n || units > agreement.chunkUnits || task.unitsDone + units > agreement.maxUnits) {
      const message =
        `a chunk of ${units} units after ${task.unitsDone} is more than agreed: ` +
        `${agreement.chunkUnits} a chunk, ${agreement.maxUnits} in all`;
      return refuse('NOT_COVERED', message, { needed: units, available: agreement.maxUnits - task.unitsDone });
    }
    const due = priceOfUnits(task.unitsDone + units, agreement.pricePerMillionUnits);
    const amount = due - task.amountDue;
    const needed = channel.baseClaimed + channel.committed + amount + exposure.reservedBeside(task);
    if (channel.closingAt !== 0) {
      return refuse('CHANNEL_CLOSING', `the payer is withdrawing from channel ${channel.channelId}`);
    }
    if (needed > channel.balance) {
      // A deposit that was there and is not any more: withdrawn, or gone with a reorganisation of the chain.
      const message = `${units} more units bring the channel to ${needed}, the deposit is ${channel.balance}`;
      return refuse('DEPOSIT_TOO_SMALL', message, { needed, available: channel.balance });
    }
    if (needed > channel.ceiling) {
      const message = `${units} more units bring the channel to ${needed}, the voucher covers ${channel.ceiling}`;
      return refuse('NOT_COVERED', message, { needed, available: channel.ceiling });
    }
    const tooMuch = exposure.refuseChunk(task, units, amount);
    if (tooMuch !== undefined) return tooMuch;
    exposure.reserve(task, units, amount);
    return { ok: true };
  }

  const recordChunk: ProviderPayments['recordChunk'] = (agreementHash, chunk) => {
    const task = get(agreementHash);
    const reserved = exposure.unitsReserved(task.agreementHash);
    if (chunk.units < 0n || chunk.units > reserved) {
      throw new PaymentError(
        'RECORD_INVALID',
        `chunk ${chunk.sequence} has ${chunk.units} units, reserved ${reserved}`,
      );
    }
    ledger.append({ kind: 'chunk', role: 'provider', agreementHash, chunk });
    exposure.release(task.agreementHash);
    const { unitsDone, amountDue } = get(agreementHash);
    return { unitsDone, amountDue };
  };

  function recordResult(agreementHash: Hex, result: TaskResult, signature: Hex): void {
    const task = get(agreementHash);
    if (result.units !== task.unitsDone || result.amountDue !== task.amountDue) {
      throw new PaymentError(
        'RECORD_INVALID',
        `the result says ${result.units} units for ${result.amountDue}, delivered were ${task.unitsDone} for ${task.amountDue}`,
      );
    }
    exposure.release(task.agreementHash);
    ledger.append({ kind: 'result', role: 'provider', agreementHash, result, signature });
    releases.ring();
  }

  function acceptReceipt(receipt: Receipt, signature: Hex): PaymentOutcome<object> {
    const found = find(receipt.agreementHash);
    if (found === undefined) return unknown(receipt.agreementHash);
    const { task } = found;
    const signatureCheck = checkSignature(
      { domain, types: receiptTypes, value: receipt },
      signature,
      task.agreement.requester,
    );
    if (signatureCheck !== 'valid') {
      return refuse('RECEIPT_SIGNATURE', `the receipt is not signed by the requester ${task.agreement.requester}`);
    }
    if (task.receipt !== null) {
      // Sent again, because our confirmation was lost. A different one would be a second price for one task.
      if (task.receipt.amountDue === receipt.amountDue) return { ok: true };
      const message = `the task has a receipt over ${task.receipt.amountDue}, this one is over ${receipt.amountDue}`;
      return refuse('RECEIPT_AMOUNT', message, { needed: task.receipt.amountDue, available: receipt.amountDue });
    }
    const price = priceOfUnits(receipt.units, task.agreement.pricePerMillionUnits);
    if (receipt.amountDue !== price || receipt.amountDue < task.owed || receipt.units > task.unitsDone) {
      const message =
        `the receipt pays ${receipt.amountDue} for ${receipt.units} units; their price is ${price}, ` +
        `acknowledged chunks cost ${task.owed}, ${task.unitsDone} units were delivered`;
      return refuse('RECEIPT_AMOUNT', message, { needed: task.owed, available: receipt.amountDue });
    }
    const recorded = record({ kind: 'receipt', role: 'provider', receipt, signature });
    if (recorded.ok) end(task.agreementHash);
    return recorded;
  }

  function end(agreementHash: Hex): void {
    exposure.taskEnded(agreementHash);
    releases.ring();
  }

  function closeTask(agreementHash: Hex, reason: string): void {
    const task = get(agreementHash);
    end(task.agreementHash);
    if (!['agreed', 'running', 'delivered'].includes(task.state)) return;
    ledger.append({ kind: 'closed', role: 'provider', agreementHash, reason });
  }

  return {
    address: signer.address,
    openTask: ({ signed, ...input }) =>
      inTurn(() => open({ ...input, agreement: signed.agreement, signatures: signed })),
    openRequest: (input) => inTurn(() => open({ ...input, signatures: null })),
    acceptVoucher,
    reserveChunk,
    recordChunk,
    recordResult,
    acceptReceipt,
    nextRelease: releases.next,
    closeTask,
    claimAndSettle: claimer.claimAndSettle,
    async refund(input) {
      // After a task that is being opened, so that it is seen.
      const planned = await inTurn(() => refunds.plan(input));
      return planned.ok ? refunds.send(planned) : planned;
    },
    // After a task that is being opened, so that it is seen.
    holdForRefund: (channelId) => inTurn(async () => refunds.hold(channelId)),
    totals: () => {
      const { earned, claimed, settled } = ledger.totals();
      return { earned, claimed, settled };
    },
  };
}

function unknown(agreementHash: Hex) {
  return refuse('UNKNOWN_AGREEMENT', `no agreement ${agreementHash} was opened here`);
}

function expired(which: 'startBy' | 'finishBy', seconds: bigint) {
  return refuse('AGREEMENT_EXPIRED', `the agreement's ${which} was ${new Date(Number(seconds) * 1_000).toISOString()}`);
}
