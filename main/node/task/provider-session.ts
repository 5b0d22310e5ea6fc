/** The provider's side of one task, from Accept to the receipt. Order: covered, computed, committed, sent. */
import type { ChunkRecord, Hex, TaskOutcome, TaskResult } from '../../../protocol/agreement.ts';
import { hashChunkChain, nextLink } from '../../../protocol/hashing/chunk-chain.ts';
import { sha256Hex } from '../../../protocol/hashing/sha256.ts';
import { priceOfUnits } from '../../../protocol/tasks.ts';
import { toRefusalMessage } from '../../../protocol/wire/refusal-codec.ts';
import { progressEveryMs, receiptWithinMs, voucherWithinMs } from '../../network/task/constants.ts';
import type { ProviderPayments } from '../../payment/types.ts';
import type { AgreedTask, SessionComponents } from './agreed-task.ts';
import type { Activity, ChunkSource } from './chunk-source.ts';
import { openRequesterInbox, type RequesterInbox } from './requester-inbox.ts';
import { sendChunk } from './send-chunk.ts';
import { TaskError } from './task-error.ts';
import { errorText } from '../../../protocol/errors.ts';

export interface SessionProgress {
  readonly state: 'running' | 'delivered' | 'receipted' | 'cancelled' | 'failed';
  readonly unitsDone: bigint;
  readonly amountDue: bigint;
  readonly detail: string;
}

/** Set when the owner takes the GPU back. */
export class HandBack {
  readonly reason: string;
  constructor(reason: string) {
    this.reason = reason;
  }
}

export interface SessionOptions {
  /** Aborted with a {@link HandBack}. */
  readonly handBack: AbortSignal;
  readonly openSource: (onActivity: (activity: Activity) => void) => ChunkSource;
  readonly onProgress: (progress: SessionProgress) => void;
  /** The task needs the GPU no more; what is left is paper. Called once. */
  readonly onReleased: () => void;
}

export async function runProviderSession(
  agreed: AgreedTask,
  components: SessionComponents,
  options: SessionOptions,
): Promise<void> {
  const { stream, agreementHash, agreement, signed } = agreed;
  const { payments } = components;
  const inbox = openRequesterInbox(agreed, components);
  let activity: Activity = 'loading';
  let lastSentMs = performance.now();
  const beat = setInterval(() => {
    if (performance.now() - lastSentMs < progressEveryMs) return;
    lastSentMs = performance.now();
    stream.send({ type: 'progress', body: { activity } }).catch(() => {
      // The inbox hears of a broken stream; a beat that was not heard needs no answer.
    });
  }, progressEveryMs / 2);
  const source = options.openSource((now) => (activity = now));
  let link: Hex = hashChunkChain(agreementHash, []);
  let unitsDone = 0n;
  const report = (state: SessionProgress['state'], detail: string): void =>
    options.onProgress({
      state,
      unitsDone,
      amountDue: priceOfUnits(unitsDone, agreement.pricePerMillionUnits),
      detail,
    });

  let isReleased = false;
  async function release(): Promise<void> {
    if (isReleased) return;
    isReleased = true;
    await source.close();
    options.onReleased();
  }

  async function deliver(): Promise<void> {
    const untilMs = Number(agreement.finishBy - components.nowSeconds()) * 1000;
    const tooLate = new AbortController();
    const timer = setTimeout(
      () => tooLate.abort(new TaskError('REQUESTER_FAILED', 'the agreement has run out')),
      Math.max(0, untilMs),
    );
    const signal = AbortSignal.any([inbox.signal, options.handBack, tooLate.signal]);
    try {
      let sequence = 0;
      while (await isCovered({ agreementHash, unitsDone, source, inbox, signal, payments })) {
        signal.throwIfAborted();
        const chunk = await source.produce(signal);
        if (chunk === null) continue;
        const record: ChunkRecord = { sequence, units: chunk.units, payloadSha256: sha256Hex(chunk.payload) };
        payments.recordChunk(agreementHash, record);
        link = nextLink(link, record);
        unitsDone += chunk.units;
        sequence += 1;
        lastSentMs = performance.now();
        await sendChunk(stream, { sequence: record.sequence, units: chunk.units, payload: chunk.payload });
        report('running', activity);
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async function finish(outcome: TaskOutcome, detail: string): Promise<void> {
    const result: TaskResult = {
      agreementHash,
      resultHash: link,
      units: unitsDone,
      amountDue: priceOfUnits(unitsDone, agreement.pricePerMillionUnits),
      outcome,
      adapterClass: components.adapterClass(),
      finishedAt: components.nowSeconds(),
    };
    const signature = await components.signer.signResult(result);
    payments.recordResult(agreementHash, result, signature);
    await stream.send({ type: 'result', body: { result, signature } });
    report('delivered', detail);
    const message = await inbox.receipt(receiptWithinMs);
    if (message === null) {
      payments.closeTask(agreementHash, 'no receipt came with the result');
      return report('delivered', 'no receipt yet; what was acknowledged stays claimable');
    }
    const answer =
      message.receipt.agreementHash === agreementHash
        ? payments.acceptReceipt(message.receipt, message.signature)
        : ({ ok: false, code: 'UNKNOWN_AGREEMENT', message: 'the receipt is for another agreement' } as const);
    if (answer.ok) await stream.send({ type: 'receiptStored', body: {} });
    else await stream.send({ type: 'refuse', body: toRefusalMessage(answer) });
    return answer.ok ? report('receipted', message.receipt.verdict) : report('failed', answer.message);
  }

  try {
    await stream.send({ type: 'accept', body: { providerSignature: signed.providerSignature } });
    report('running', 'accepted');
    const stopped = await outcomeOf(deliver, inbox, options.handBack);
    await release();
    await finish(stopped.outcome, stopped.detail);
  } catch (error) {
    const message = errorText(error);
    payments.closeTask(agreementHash, message);
    report('failed', message);
    await stream
      .send({ type: 'cancel', body: { reason: cancelReason(error), message: message.slice(0, 80).toWellFormed() } })
      .catch(() => {
        // Most often the stream itself is what failed.
      });
  } finally {
    clearInterval(beat);
    inbox.stop();
    await release();
    await stream.close();
  }
}

interface NextChunk {
  readonly agreementHash: Hex;
  readonly unitsDone: bigint;
  readonly source: ChunkSource;
  readonly inbox: RequesterInbox;
  readonly signal: AbortSignal;
  readonly payments: ProviderPayments;
}

/** Waits until the next chunk is planned, paid for in advance and reserved; false when the task is done. */
async function isCovered({ agreementHash, unitsDone, source, inbox, signal, payments }: NextChunk): Promise<boolean> {
  let limit = inbox.coveredUnits - unitsDone;
  for (;;) {
    const release = payments.nextRelease();
    const planned = source.plan(limit);
    if (planned === null) return false;
    const answer = planned === 0n ? null : payments.reserveChunk(agreementHash, planned);
    if (answer?.ok === true) return true;
    const covered = inbox.coveredUnits - unitsDone;
    if (answer?.code === 'EXPOSURE_LIMIT' && (answer.available ?? 0n) > 0n) {
      // What is at risk with this requester leaves room for a smaller one.
      limit = answer.available ?? 0n;
      continue;
    }
    if (answer?.code === 'EXPOSURE_LIMIT' || (answer === null && limit < covered)) {
      await inbox.nextVoucher(receiptWithinMs, signal, release);
    } else if (answer === null || answer.code === 'NOT_COVERED') {
      await inbox.nextVoucher(voucherWithinMs, signal);
    } else {
      throw new TaskError('REQUESTER_FAILED', answer.message, { data: { refusal: answer.code } });
    }
    limit = inbox.coveredUnits - unitsDone;
  }
}

/** A hand-back and a requester's cancel end in a signed result like a completed task; anything else is a failure. */
async function outcomeOf(
  deliver: () => Promise<void>,
  inbox: RequesterInbox,
  handBack: AbortSignal,
): Promise<{ outcome: TaskOutcome; detail: string }> {
  try {
    await deliver();
    return { outcome: 'complete', detail: 'complete' };
  } catch (error) {
    if (inbox.isCancelled) return { outcome: 'cancelled', detail: 'the requester cancelled' };
    if (inbox.signal.aborted) throw inbox.signal.reason;
    const { reason } = handBack;
    if (handBack.aborted && reason instanceof HandBack) return { outcome: 'handed-back', detail: reason.reason };
    if (error instanceof TaskError && error.code === 'WORKER_FAILED')
      return { outcome: 'handed-back', detail: error.message };
    throw error;
  }
}

function cancelReason(error: unknown): 'worker-failed' | 'protocol' | 'deadline' {
  if (!(error instanceof TaskError)) return 'worker-failed';
  return error.code === 'REQUESTER_FAILED' ? 'protocol' : 'worker-failed';
}
