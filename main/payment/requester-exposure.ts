/**
 * What a provider could take of a requester without having delivered it: what the vouchers promise beyond what arrived,
 * over all channels that it claims from. It never passes one chunk; tasks that run side by side share that one.
 */
import type { Agreement, Hex } from '../../protocol/agreement.ts';
import { unitsForPrice } from '../../protocol/tasks.ts';
import type { ChannelRecord, Ledger, TaskRecord } from '../ledger/index.ts';
import { createBell } from './bell.ts';
import { createOpenTasks } from './open-tasks.ts';
import { requireChannel } from './require-record.ts';

export interface RequesterExposure {
  taskOpened(agreementHash: Hex, agreement: Agreement): void;
  taskEnded(agreementHash: Hex): void;
  isOpen(agreementHash: Hex): boolean;
  /** Units of the task that may be covered in total now: `wanted`, or as many as its share of the line pays for. */
  coverable(task: TaskRecord, channel: ChannelRecord, wanted: bigint, atLeast: bigint): bigint;
  /** Does another open task stand between this one and its cover? */
  mayBeReleased(provider: Hex): boolean;
  lineOf(provider: Hex): bigint;
  /** Something arrived, or a receipt was delivered: those who wait look again. */
  released(): void;
  /** Resolves when it is worth to look again. */
  change(): Promise<void>;
  /** A place in the queue for the provider's line. */
  queue(provider: Hex): { readonly isFirst: boolean; leave(): void };
}

export function createRequesterExposure(ledger: Ledger): RequesterExposure {
  const openTasks = createOpenTasks();
  const bell = createBell();
  /** Who claims from each channel. */
  const authorizers = new Map<Hex, string>();
  const queues = new Map<string, symbol[]>();

  for (const { config, channelId } of ledger.listChannels('requester')) {
    authorizers.set(channelId, config.receiverAuthorizer.toLowerCase());
  }

  function coverable(task: TaskRecord, channel: ChannelRecord, wanted: bigint, atLeast: bigint): bigint {
    const { provider, pricePerMillionUnits: price } = task.agreement;
    const elsewhere = [...authorizers]
      .filter(([channelId, authorizer]) => authorizer === provider.toLowerCase() && channelId !== channel.channelId)
      .reduce((sum, [channelId]) => sum + promisedBeyond(requireChannel(ledger, 'requester', channelId)), 0n);
    const line = openTasks.lineOf(provider);
    const allowed = channel.baseClaimed + channel.owed + line - elsewhere;
    // What is signed already is promised already.
    const ceiling = allowed > channel.ceiling ? allowed : channel.ceiling;
    const beside = channel.baseClaimed + channel.committed - task.committed;
    const most = ceiling > beside ? unitsForPrice(ceiling - beside, price) : 0n;
    const share = task.unitsDone + unitsForPrice(line / BigInt(openTasks.countOf(provider)), price);
    return lowest(wanted, most, share > atLeast ? share : atLeast);
  }

  return {
    taskOpened(agreementHash, agreement) {
      const { channelId } = requireChannel(ledger, 'requester', agreement.channelId);
      authorizers.set(channelId, agreement.provider.toLowerCase());
      openTasks.open(agreementHash, agreement.provider, agreement);
    },
    taskEnded(agreementHash) {
      openTasks.close(agreementHash);
      bell.ring();
    },
    coverable,
    isOpen: openTasks.has,
    mayBeReleased: (provider) => openTasks.countOf(provider) > 1,
    lineOf: openTasks.lineOf,
    released: bell.ring,
    change: bell.next,
    queue(provider) {
      const key = provider.toLowerCase();
      const place = Symbol(key);
      const waiting = queues.get(key) ?? [];
      queues.set(key, waiting);
      waiting.push(place);
      return {
        get isFirst() {
          return waiting[0] === place;
        },
        leave() {
          waiting.splice(waiting.indexOf(place), 1);
          if (waiting.length === 0) queues.delete(key);
          bell.ring();
        },
      };
    },
  };
}

/** Signed, and not for anything that arrived. */
export function promisedBeyond({ ceiling, baseClaimed, owed }: ChannelRecord): bigint {
  return ceiling - baseClaimed - owed;
}

function lowest(...amounts: readonly [bigint, ...bigint[]]): bigint {
  return amounts.reduce((low, amount) => (amount < low ? amount : low));
}
