/** Everything the requester sends while the provider computes: vouchers, a cancel, the receipt, or silence for ever. */
import type { SignedReceiptMessage } from '../../../protocol/wire/task-messages.ts';
import type { AgreedTask, SessionComponents } from './agreed-task.ts';
import { TaskError } from './task-error.ts';
import { errorText } from '../../../protocol/errors.ts';

export interface RequesterInbox {
  /** Aborted with a TaskError when the requester is gone or has broken the protocol, or with `cancelled`. */
  readonly signal: AbortSignal;
  readonly isCancelled: boolean;
  readonly hasReceipt: boolean;
  /** Units of the task that the newest vouchers cover in total. */
  readonly coveredUnits: bigint;
  /**
   * Resolves at the next voucher, or with `otherwise`; rejects when either signal is aborted, or with REQUESTER_FAILED after
   * `timeoutMs`.
   */
  nextVoucher(timeoutMs: number, signal: AbortSignal, otherwise?: Promise<void>): Promise<void>;
  /** The receipt, or null when none came in time. */
  receipt(timeoutMs: number): Promise<SignedReceiptMessage | null>;
  stop(): void;
}

/** Reads until the stream ends; every voucher is committed by the time `nextVoucher` resolves. */
export function openRequesterInbox(
  { agreementHash, agreement, stream, coveredUnits: coveredAtStart }: AgreedTask,
  components: SessionComponents,
): RequesterInbox {
  const { payments, penalise } = components;
  const failure = new AbortController();
  const stopped = new AbortController();
  const receipt = Promise.withResolvers<SignedReceiptMessage | null>();
  let voucher = Promise.withResolvers<void>();
  voucher.promise.catch(() => {});
  let coveredUnits = coveredAtStart;
  let isCancelled = false;
  let hasReceipt = false;

  function fail(error: TaskError): void {
    failure.abort(error);
    voucher.reject(error);
    receipt.resolve(null);
  }

  function takeVoucher(body: {
    cumulative: bigint;
    signature: `0x${string}`;
    acknowledged: number;
    coveredUnits: bigint;
  }): void {
    const answer = payments.acceptVoucher(
      agreementHash,
      { channelId: agreement.channelId, maxClaimableAmount: body.cumulative, signature: body.signature },
      body.acknowledged,
    );
    // Not higher: the ceiling stands where it stood, which is no harm; the chunk after it will find out.
    if (answer.ok || answer.code === 'VOUCHER_NOT_HIGHER') {
      if (body.coveredUnits > coveredUnits) coveredUnits = body.coveredUnits;
      voucher.resolve();
      voucher = Promise.withResolvers<void>();
      voucher.promise.catch(() => {});
      return;
    }
    if (answer.code === 'VOUCHER_SIGNATURE') penalise(stream.peer.peerId, 'forgery', answer.message);
    fail(new TaskError('REQUESTER_FAILED', answer.message, { data: { refusal: answer.code } }));
  }

  async function read(): Promise<void> {
    for (;;) {
      const frame = await stream.receive({ timeoutMs: maxTimerMs, signal: stopped.signal });
      if (frame === null) return fail(new TaskError('REQUESTER_GONE', 'the requester closed the stream'));
      if (frame.type === 'voucher') takeVoucher(frame.body);
      else if (frame.type === 'cancel') {
        isCancelled = true;
        const error = new TaskError('REQUESTER_GONE', `the requester cancelled: ${frame.body.message}`);
        failure.abort(error);
        voucher.reject(error);
      } else if (frame.type === 'receipt') {
        hasReceipt = true;
        receipt.resolve(frame.body);
        return undefined;
      } else return fail(new TaskError('REQUESTER_FAILED', `a requester sends no "${frame.type}" here`));
    }
  }

  read().catch((error: unknown) => {
    fail(new TaskError('REQUESTER_GONE', errorText(error), { cause: error }));
  });

  return {
    signal: failure.signal,
    get isCancelled() {
      return isCancelled;
    },
    get coveredUnits() {
      return coveredUnits;
    },
    get hasReceipt() {
      return hasReceipt;
    },
    async nextVoucher(timeoutMs, signal, otherwise) {
      failure.signal.throwIfAborted();
      signal.throwIfAborted();
      const stop = Promise.withResolvers<never>();
      const onAbort = (): void => stop.reject(signal.reason);
      signal.addEventListener('abort', onAbort, { once: true });
      const late = new TaskError('REQUESTER_FAILED', `no voucher came within ${timeoutMs} ms`);
      try {
        const first = Promise.race([voucher.promise, stop.promise, ...(otherwise === undefined ? [] : [otherwise])]);
        await within(first, timeoutMs, () => Promise.reject(late));
      } finally {
        signal.removeEventListener('abort', onAbort);
      }
    },
    receipt: (timeoutMs) => within(receipt.promise, timeoutMs, () => Promise.resolve(null)),
    stop() {
      stopped.abort();
    },
  };
}

/** setTimeout takes no more; tasks end by their agreement long before. */
const maxTimerMs = 2 ** 31 - 1;

async function within<T>(promise: Promise<T>, timeoutMs: number, otherwise: () => Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(otherwise()), timeoutMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
