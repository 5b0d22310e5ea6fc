/** What a provider must not forget about the channels of its HTTP clients: one small file each, on disk before it counts. */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Hex } from '../../../protocol/agreement.ts';
import type { ChannelConfig } from '../../../protocol/x402.ts';

export interface BookedChannel {
  readonly channelId: Hex;
  readonly config: ChannelConfig;
  /** Everything ever charged, in the token's smallest unit; never falls. */
  readonly charged: bigint;
  /** The newest voucher: at least `charged`. */
  readonly ceiling: bigint;
  readonly signature: Hex;
}

export interface ChannelBook {
  find(channelId: Hex): BookedChannel | undefined;
  list(): readonly BookedChannel[];
  /** Returns when the record would survive a power cut. */
  save(channel: BookedChannel): void;
}

/** A book in a folder of its own. Opening reads all of it. @throws Error of the file system */
export function openChannelBook(folder: string): ChannelBook {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const channels = new Map<string, BookedChannel>();
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.json'))) {
    const channel = parse(readFileSync(join(folder, name), 'utf8'));
    channels.set(channel.channelId.toLowerCase(), channel);
  }
  return {
    find: (channelId) => channels.get(channelId.toLowerCase()),
    list: () => [...channels.values()],
    save(channel) {
      const key = channel.channelId.toLowerCase();
      writeDurably(folder, `${key.slice(2)}.json`, serialize(channel));
      channels.set(key, channel);
    },
  };
}

/** Whole or not at all: a new file, its content on disk, then its name. */
function writeDurably(folder: string, name: string, content: string): void {
  const temporary = join(folder, `${name}.new`);
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, join(folder, name));
  if (process.platform === 'win32') return;
  const directory = openSync(folder, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

function serialize(channel: BookedChannel): string {
  return JSON.stringify({ ...channel, charged: String(channel.charged), ceiling: String(channel.ceiling) });
}

function parse(text: string): BookedChannel {
  const content: Omit<BookedChannel, 'charged' | 'ceiling'> & { charged: string; ceiling: string } = JSON.parse(text);
  return { ...content, charged: BigInt(content.charged), ceiling: BigInt(content.ceiling) };
}
