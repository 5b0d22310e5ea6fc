/**
 * The newest voucher of each channel in a second file, because a lost voucher is lost money. Two slots a channel, written
 * in turn and synced: a write torn by a power cut leaves the slot before it whole. It outlives a ledger that is lost.
 */
import { createHash } from 'node:crypto';
import { closeSync, constants, fdatasyncSync, openSync, readSync, fstatSync, writeSync } from 'node:fs';
import type { Hex } from '../../protocol/agreement.ts';
import type { ChannelConfig, SignedVoucher } from '../../protocol/x402.ts';
import { decodeFacts, encodeFacts } from './events.ts';
import type { Role } from './events.ts';
import { LedgerError } from './ledger-error.ts';
import type { ChannelRecord } from './records.ts';

/** Everything a claim needs, and what of the ceiling was earned. */
export interface MirroredVoucher {
  readonly role: Role;
  readonly chainId: bigint;
  readonly config: ChannelConfig;
  readonly baseClaimed: bigint;
  readonly owed: bigint;
  readonly voucher: SignedVoucher;
}

export interface VoucherMirror {
  /** The newest of every channel. */
  readonly vouchers: readonly MirroredVoucher[];
  /** On disk when this returns. @throws the file system's errors; then nothing of it counts as written. */
  write(channel: ChannelRecord | undefined): void;
  close(): void;
}

/** Beside the ledger. */
export function mirrorPathOf(ledgerPath: string): string {
  return `${ledgerPath}.vouchers`;
}

/** Checksum, JSON, padding, line end. A voucher with its channel takes about 1,000 bytes; 2,048 hold the longest numbers. */
const slotBytes = 2_048;
const checksumLength = 64;

interface Slot {
  readonly index: number;
  readonly content: MirroredVoucher | null;
}

/** Opens or creates the file. Slots that do not fit their checksum are passed over. */
export function openVoucherMirror(path: string): VoucherMirror {
  const file = openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  const pairs = new Map<string, [Slot, Slot]>();
  let slotCount = Math.ceil(fstatSync(file).size / slotBytes);
  slotCount += slotCount % 2;
  for (let index = 0; index < slotCount; index += 2) {
    const slots: [Slot, Slot] = [readSlot(file, index), readSlot(file, index + 1)];
    const newest = newestOf(slots);
    if (newest !== null) pairs.set(keyOf(newest.role, newest.voucher.channelId), slots);
  }

  function write(channel: ChannelRecord | undefined): void {
    const content = toMirrored(channel);
    if (content === null) return;
    const key = keyOf(content.role, content.voucher.channelId);
    const found = pairs.get(key);
    const slots: [Slot, Slot] = found ?? [
      { index: slotCount, content: null },
      { index: slotCount + 1, content: null },
    ];
    const newest = newestOf(slots);
    const older = slots[0].content === newest ? 1 : 0;
    const { index } = slots[older];
    const bytes = encodeSlot(content);
    // A disk that fills up takes a part; the next try says so.
    for (let done = 0; done < slotBytes;) {
      done += writeSync(file, bytes, done, slotBytes - done, index * slotBytes + done);
    }
    fdatasyncSync(file);
    slots[older] = { index, content };
    if (found === undefined) slotCount += 2;
    pairs.set(key, slots);
  }

  return {
    get vouchers() {
      return [...pairs.values()].map(newestOf).filter((newest) => newest !== null);
    },
    write,
    close: () => closeSync(file),
  };
}

/** Reads a mirror without touching it, for rescue. Empty where there is none. */
export function readVoucherMirror(path: string): readonly MirroredVoucher[] {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return [];
  }
  try {
    const newest = new Map<string, MirroredVoucher>();
    for (let index = 0; index * slotBytes < fstatSync(file).size; index += 1) {
      const { content } = readSlot(file, index);
      if (content === null) continue;
      const key = keyOf(content.role, content.voucher.channelId);
      if (isNewer(content, newest.get(key) ?? null)) newest.set(key, content);
    }
    return [...newest.values()];
  } finally {
    closeSync(file);
  }
}

/** Null while there is no voucher. */
function toMirrored(channel: ChannelRecord | undefined): MirroredVoucher | null {
  if (typeof channel?.signature !== 'string') return null;
  const { role, chainId, config, baseClaimed, owed, channelId, ceiling, signature } = channel;
  const voucher = { channelId, maxClaimableAmount: ceiling, signature };
  return { role, chainId, config, baseClaimed, owed, voucher };
}

function keyOf(role: Role, channelId: Hex): string {
  return `${role} ${channelId}`;
}

function newestOf([first, second]: readonly [Slot, Slot]): MirroredVoucher | null {
  if (second.content === null) return first.content;
  return isNewer(second.content, first.content) ? second.content : first.content;
}

function isNewer(content: MirroredVoucher, than: MirroredVoucher | null): boolean {
  if (than === null) return true;
  const more = content.voucher.maxClaimableAmount - than.voucher.maxClaimableAmount;
  return more > 0n || (more === 0n && content.owed >= than.owed);
}

function encodeSlot(content: MirroredVoucher): Buffer {
  const json = encodeFacts(content);
  const text = `${checksumOf(json)} ${json}`;
  const bytes = Buffer.alloc(slotBytes, ' ');
  if (Buffer.byteLength(text) >= slotBytes) {
    throw new LedgerError('LEDGER_INCONSISTENT', `a voucher of ${text.length} bytes, a slot holds ${slotBytes}`);
  }
  bytes.write(text);
  bytes[slotBytes - 1] = 0x0a;
  return bytes;
}

function readSlot(file: number, index: number): Slot {
  const bytes = Buffer.alloc(slotBytes);
  readSync(file, bytes, 0, slotBytes, index * slotBytes);
  const text = bytes.toString('utf8').trimEnd();
  const json = text.slice(checksumLength + 1);
  if (text.slice(0, checksumLength) !== checksumOf(json)) return { index, content: null };
  return { index, content: decodeFacts<MirroredVoucher>(json) };
}

function checksumOf(json: string): string {
  return createHash('sha256').update(json).digest('hex');
}
