/** The figures of the ledger for a command: from the running node, which holds the file, or from the file itself. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ChannelSnapshot, EarningEntry, EarningsSnapshot } from '../../protocol/node-api.ts';
import { findRunningNode } from './api-client.ts';
import { CommandError } from './cli-errors.ts';

export interface Books {
  earnings(): Promise<EarningsSnapshot>;
  listChannels(): Promise<readonly ChannelSnapshot[]>;
  /** Oldest first. */
  entries(): AsyncGenerator<EarningEntry>;
  close(): void;
}

const pageEntries = 500;

/** @throws CommandError FILE_UNREADABLE when there is no ledger, LedgerError when it cannot be opened */
export async function openBooks(dataDirectory: string, signal: AbortSignal): Promise<Books> {
  const node = await findRunningNode(dataDirectory);
  if (node !== undefined) {
    return {
      earnings: async () => (await node.request('getSnapshot', {})).earnings,
      listChannels: () => node.request('listChannels', {}),
      entries: () => readPages((after) => node.request('listEarnings', { after, limit: pageEntries }), signal),
      close: () => {},
    };
  }
  const path = join(dataDirectory, 'ledger.db');
  if (!existsSync(path)) {
    throw new CommandError('FILE_UNREADABLE', `no node has run on ${dataDirectory}: there is no ledger`, {
      data: { path },
    });
  }
  const { openLedger } = await import('../ledger/index.ts');
  const ledger = openLedger({ path });
  return {
    earnings: () => Promise.resolve(ledger.earnings()),
    listChannels: () => Promise.resolve(ledger.channelSnapshots()),
    entries: () => readPages((after) => Promise.resolve(ledger.listEarnings(after, pageEntries)), signal),
    close: () => ledger.close(),
  };
}

async function* readPages(
  read: (after: number) => Promise<readonly EarningEntry[]>,
  signal: AbortSignal,
): AsyncGenerator<EarningEntry> {
  for (let after = 0; ;) {
    signal.throwIfAborted();
    const page = await read(after);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < pageEntries) return;
    after = last.number;
  }
}
