/**
 * What a provider stands to lose with one requester: chunks that were delivered and neither confirmed nor receipted, and
 * those being computed, over all its tasks and channels. It never passes one chunk; what a day did not bring is written off.
 */
import type { Agreement, Hex } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import { unitsForPrice } from '../../protocol/tasks.ts';
import type { Ledger, TaskRecord } from '../ledger/index.ts';
import { chunkPriceOf, createOpenTasks } from './open-tasks.ts';
import type { PaymentRefusal } from './types.ts';

/** A requester that has paid nothing may leave one chunk unpaid a day, one that pays a sixteenth of it more. */
const writtenOffAfterMs = 86_400_000;
const forgivenShare = 16n;

interface Reservation {
  readonly channelId: Hex;
  readonly counterparty: Hex;
  readonly units: bigint;
  readonly amount: bigint;
}

export interface ProviderExposure {
  /** Why no task of the agreement's requester is opened now; undefined when one may be. */
  refuseTask(agreement: Agreement): PaymentRefusal | undefined;
  taskOpened(agreementHash: Hex, agreement: Agreement): void;
  /** A request over HTTP: this node confirms its one chunk itself, so that nothing of it is ever at risk. */
  requestOpened(agreementHash: Hex): void;
  /** Nothing more is computed for it. */
  taskEnded(agreementHash: Hex): void;
  /** Why `units` more, which cost `amount`, are not computed now; undefined when they may be. */
  refuseChunk(task: TaskRecord, units: bigint, amount: bigint): PaymentRefusal | undefined;
  reserve(task: TaskRecord, units: bigint, amount: bigint): void;
  release(agreementHash: Hex): void;
  unitsReserved(agreementHash: Hex): bigint;
  /** Price of what other tasks of the channel have reserved. */
  reservedBeside(task: TaskRecord): bigint;
}

export function createProviderExposure(parts: {
  readonly ledger: Ledger;
  readonly now: () => number;
}): ProviderExposure {
  const { ledger, now } = parts;
  const openTasks = createOpenTasks();
  /** Units being computed, by task. Lost with the process, as the computation is. */
  const reservations = new Map<Hex, Reservation>();
  const requests = new Set<Hex>();

  const unpaidBy = (requester: Hex): readonly TaskRecord[] => ledger.listUnpaid(requester, now() - writtenOffAfterMs);

  function reservedOf(isCounted: (agreementHash: Hex, reservation: Reservation) => boolean): bigint {
    return [...reservations].reduce((sum, [hash, one]) => (isCounted(hash, one) ? sum + one.amount : sum), 0n);
  }

  function refuseTask(agreement: Agreement): PaymentRefusal | undefined {
    const { requester } = agreement;
    const unpaid = unpaidBy(requester);
    const left = sumOf(unpaid.filter((task) => task.receipt === null && !openTasks.has(task.agreementHash)));
    if (left > 0n) {
      const message = `${left} of an earlier task are neither confirmed nor receipted; bring its receipt first`;
      return refuse('EXPOSURE_LIMIT', message, { needed: left, available: 0n });
    }
    const short = sumOf(unpaid.filter((task) => task.receipt !== null));
    const paid = ledger.listChannels('provider', requester).reduce((sum, channel) => sum + channel.owed, 0n);
    const forgiven = chunkPriceOf(agreement) + paid / forgivenShare;
    if (short <= forgiven) return undefined;
    const message = `receipts of the last day left ${short} of what was delivered unpaid, at most ${forgiven} are borne`;
    return refuse('EXPOSURE_LIMIT', message, { needed: short, available: forgiven });
  }

  function refuseChunk(task: TaskRecord, units: bigint, amount: bigint): PaymentRefusal | undefined {
    if (task.acknowledged < task.chunks) {
      const [needed, available] = [BigInt(task.chunks), BigInt(task.acknowledged)];
      const message = `${needed} chunks were delivered, confirmed are ${available}`;
      return refuse('NOT_COVERED', message, { needed, available });
    }
    if (requests.has(task.agreementHash)) return undefined;
    const { counterparty, amountDue, unitsDone, agreement } = task;
    const line = openTasks.lineOf(counterparty);
    const atRisk =
      sumOf(unpaidBy(counterparty).filter(({ receipt }) => receipt === null)) +
      reservedOf((hash, one) => hash !== task.agreementHash && one.counterparty === counterparty);
    const room = line > atRisk ? line - atRisk : 0n;
    if (amount <= room) return undefined;
    const available = unitsForPrice(amountDue + room, agreement.pricePerMillionUnits) - unitsDone;
    const message =
      `${units} more units cost ${amount}; with ${atRisk} of this requester's tasks not confirmed yet that is more than ` +
      `one chunk, ${line}`;
    return refuse('EXPOSURE_LIMIT', message, { needed: units, available });
  }

  return {
    refuseTask,
    requestOpened: (agreementHash) => void requests.add(`0x${agreementHash.slice(2).toLowerCase()}`),
    taskOpened: (agreementHash, agreement) => openTasks.open(agreementHash, agreement.requester, agreement),
    taskEnded(agreementHash) {
      openTasks.close(agreementHash);
      requests.delete(agreementHash);
      reservations.delete(agreementHash);
    },
    refuseChunk,
    reserve({ agreementHash, channelId, counterparty }, units, amount) {
      reservations.set(agreementHash, { channelId, counterparty, units, amount });
    },
    release(agreementHash) {
      requests.delete(agreementHash);
      reservations.delete(agreementHash);
    },
    unitsReserved: (agreementHash) => reservations.get(agreementHash)?.units ?? 0n,
    reservedBeside: ({ agreementHash, channelId }) =>
      reservedOf((hash, one) => hash !== agreementHash && one.channelId === channelId),
  };
}

/** What was delivered and is not owed. */
function sumOf(unpaid: readonly TaskRecord[]): bigint {
  return unpaid.reduce((sum, task) => sum + task.amountDue - task.owed, 0n);
}
