/** Takes out of a ledger that does not open what is still money: the newest voucher of every channel. Changes nothing. */
import { copyFileSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { errorText } from '../../protocol/errors.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';
import { decodeFacts } from './events.ts';
import { amount, asHex, text } from './records.ts';
import type { Row } from './records.ts';
import { mirrorPathOf, readVoucherMirror } from './voucher-mirror.ts';
import type { MirroredVoucher } from './voucher-mirror.ts';

export interface Rescued {
  /** Highest voucher of each channel, from whichever file had it. */
  readonly vouchers: readonly MirroredVoucher[];
  /** One sentence for each thing that could not be read. */
  readonly problems: readonly string[];
}

/** Never throws for what is in the files; reads copies, so that not even a write-ahead log is moved. */
export function rescueVouchers(ledgerPath: string): Rescued {
  const problems: string[] = [];
  const found = new Map<string, MirroredVoucher>();
  const keep = (one: MirroredVoucher): void => {
    const key = `${one.role} ${one.voucher.channelId}`;
    const known = found.get(key);
    if (known === undefined || known.voucher.maxClaimableAmount < one.voucher.maxClaimableAmount) found.set(key, one);
  };
  for (const one of readChannels(ledgerPath, problems)) keep(one);
  const mirrored = readVoucherMirror(mirrorPathOf(ledgerPath));
  if (mirrored.length === 0) problems.push('The second file with the newest vouchers is missing or empty.');
  for (const one of mirrored) keep(one);
  return { vouchers: [...found.values()], problems };
}

function readChannels(ledgerPath: string, problems: string[]): MirroredVoucher[] {
  if (!existsSync(ledgerPath)) {
    problems.push('There is no ledger file.');
    return [];
  }
  const folder = mkdtempSync(join(tmpdir(), 'hearth-rescue-'));
  const copy = join(folder, 'ledger.db');
  const vouchers: MirroredVoucher[] = [];
  try {
    copyFileSync(ledgerPath, copy);
    if (existsSync(`${ledgerPath}-wal`)) copyFileSync(`${ledgerPath}-wal`, `${copy}-wal`);
    const database = new DatabaseSync(copy);
    try {
      // Row by row: a damaged page ends the reading, not what was read before it.
      const rows = database.prepare('SELECT * FROM channels WHERE signature IS NOT NULL').iterate();
      for (const row of rows) vouchers.push(toVoucher(row));
    } finally {
      database.close();
    }
  } catch (error) {
    problems.push(`The ledger could be read in part only: ${errorText(error)}.`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return vouchers;
}

function toVoucher(row: Row): MirroredVoucher {
  return {
    role: text(row, 'role') === 'provider' ? 'provider' : 'requester',
    chainId: amount(row, 'chain_id'),
    config: decodeFacts<ChannelConfig>(text(row, 'config')),
    baseClaimed: amount(row, 'base_claimed'),
    owed: amount(row, 'owed'),
    voucher: {
      channelId: asHex(text(row, 'channel_id')),
      maxClaimableAmount: amount(row, 'ceiling'),
      signature: asHex(text(row, 'signature')),
    },
  };
}
