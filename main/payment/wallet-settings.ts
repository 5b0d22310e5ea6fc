/** What belongs to the wallet and is no secret: where pay-outs go, and whose backup was proven when. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getAddress, isAddress } from 'ethers';
import type { Hex } from '../../protocol/agreement.ts';
import { PaymentError } from './payment-error.ts';
import { asHex, zeroAddress } from './typed-data.ts';
import { writeWalletFile } from './wallet-file.ts';

export interface WalletSettings {
  /** Null: the wallet itself is paid. */
  readonly payoutAddress: Hex | null;
  /** The key whose backup was proven last; another key in its place has none. */
  readonly provenBackup: { readonly address: Hex; readonly atMs: number } | null;
}

/** @throws PaymentError WALLET_CORRUPT: a node must not guess where money goes */
export function readWalletSettings(dataDirectory: string): WalletSettings {
  const path = settingsPathOf(dataDirectory);
  if (!existsSync(path)) return { payoutAddress: null, provenBackup: null };
  try {
    const { version, payoutAddress, provenBackup }: Record<string, unknown> = JSON.parse(readFileSync(path, 'utf8'));
    const isPayout = payoutAddress === null || (typeof payoutAddress === 'string' && isAddress(payoutAddress));
    if (version === 1 && isPayout && isBackup(provenBackup)) {
      return { payoutAddress: payoutAddress === null ? null : asHex(getAddress(payoutAddress)), provenBackup };
    }
  } catch {
    // Said below, with the path.
  }
  throw new PaymentError('WALLET_CORRUPT', `${path} is not what "hearth wallet" writes; correct or remove it`);
}

function isBackup(value: unknown): value is WalletSettings['provenBackup'] {
  if (value === null) return true;
  const { address, atMs }: { address?: unknown; atMs?: unknown } = Object(value);
  return typeof address === 'string' && isAddress(address) && typeof atMs === 'number';
}

/**
 * Pay-outs of channels opened from now on go to `address`; null: to the wallet. Channels that are open pay whom they name.
 * @throws PaymentError PAYOUT_INVALID when a checksummed address is wrong in a letter, or nobody has it
 */
export function setPayoutAddress(dataDirectory: string, address: string | null): Hex | null {
  if (
    address !== null &&
    (!isAddress(address) || !address.startsWith('0x') || BigInt(address) === BigInt(zeroAddress))
  ) {
    const message = `"${address.slice(0, 80)}" is not an address that can be paid: 0x and 40 hex digits with the right capitals`;
    throw new PaymentError('PAYOUT_INVALID', message);
  }
  const payoutAddress = address === null ? null : asHex(getAddress(address));
  changeWalletSettings(dataDirectory, { payoutAddress });
  return payoutAddress;
}

export function changeWalletSettings(dataDirectory: string, changes: Partial<WalletSettings>): void {
  const settings = { version: 1, ...readWalletSettings(dataDirectory), ...changes };
  writeWalletFile(settingsPathOf(dataDirectory), `${JSON.stringify(settings)}\n`);
}

function settingsPathOf(dataDirectory: string): string {
  return join(dataDirectory, 'wallet-settings.json');
}
