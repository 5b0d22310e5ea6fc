/** What an owner does with the key between runs: create, import, export, prove the backup, change the passphrase. */
import { closeSync, copyFileSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs';
import { Wallet, getAddress } from 'ethers';
import type { Hex } from '../../protocol/agreement.ts';
import { createPassphraseKeyStore, plainKeyStore } from './key-store.ts';
import { keychainElsewhere } from './keychain-key-store.ts';
import { PaymentError } from './payment-error.ts';
import { asHex } from './typed-data.ts';
import { openKey, readWalletFile, sealKey, sealersOf, walletPathOf, writeWalletFile } from './wallet-file.ts';
import type { Secrets } from './wallet-file.ts';
import { changeWalletSettings } from './wallet-settings.ts';

type Where = { readonly dataDirectory: string } & Secrets;

/** Address and seal of the wallet without opening it; null when there is none. */
export function describeWallet(dataDirectory: string): { address: Hex | null; sealedBy: string } | null {
  const content = readWalletFile(walletPathOf(dataDirectory));
  if (content === null) return null;
  const store = [keychainElsewhere, createPassphraseKeyStore(undefined)].find((one) => one.recognises(content));
  return { address: readAddress(content), sealedBy: (store ?? plainKeyStore).name };
}

/** @throws PaymentError WALLET_EXISTS, KEYCHAIN_UNAVAILABLE */
export async function createNewWallet(where: Where): Promise<Hex> {
  refuseExisting(where.dataDirectory);
  return storeKey(where, Wallet.createRandom().privateKey);
}

/**
 * Takes the key of a keystore file or of one that holds nothing but 0x and 64 hex digits. A wallet that is there
 * already is kept beside under its address, and only with `replace`.
 * @throws PaymentError WALLET_EXISTS, WALLET_CORRUPT, WALLET_PASSPHRASE
 */
export async function importWallet(
  where: Where,
  file: { readonly path: string; readonly passphrase?: string | undefined; readonly replace?: boolean },
): Promise<Hex> {
  const privateKey = await readKeyFrom(file.path, file.passphrase, where.scryptCost);
  const existing = describeWallet(where.dataDirectory);
  if (existing !== null && file.replace !== true) refuseExisting(where.dataDirectory);
  // What cannot be sealed, or a power cut, must not leave a folder without a wallet: the node would make a new one.
  const sealed = await sealKey(privateKey, sealersOf(where));
  const path = walletPathOf(where.dataDirectory);
  if (existing !== null) copyFileSync(path, `${path}.${existing.address ?? 'unreadable'}`);
  writeWalletFile(path, sealed);
  return addressOf(privateKey);
}

/** Writes an encrypted keystore to a new file. @throws PaymentError WALLET_MISSING, WALLET_PASSPHRASE, or the file system's error */
export async function exportWallet(
  where: Where,
  backup: { readonly path: string; readonly passphrase: string },
): Promise<Hex> {
  const privateKey = await loadKey(where);
  const content = await createPassphraseKeyStore(backup.passphrase, where.scryptCost).seal(privateKey);
  // Never over an older backup.
  const file = openSync(backup.path, 'wx', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  return addressOf(privateKey);
}

/**
 * Proves that the backup opens with this passphrase and holds this wallet's key, and remembers that it does.
 * @throws PaymentError WALLET_PASSPHRASE, WALLET_CORRUPT, BACKUP_MISMATCH, WALLET_MISSING
 */
export async function verifyBackup(
  where: { readonly dataDirectory: string; readonly scryptCost?: number | undefined },
  backup: { readonly path: string; readonly passphrase: string | undefined; readonly nowMs?: number },
): Promise<Hex> {
  const address = addressOf(await readKeyFrom(backup.path, backup.passphrase, where.scryptCost));
  const existing = describeWallet(where.dataDirectory);
  if (existing === null) throw missing(where.dataDirectory);
  if (existing.address !== address) {
    const message = `the backup holds the key of ${address}, the wallet is ${existing.address ?? 'unreadable'}`;
    throw new PaymentError('BACKUP_MISMATCH', message);
  }
  changeWalletSettings(where.dataDirectory, { provenBackup: { address, atMs: backup.nowMs ?? Date.now() } });
  return address;
}

/** `next` undefined takes the passphrase away. @throws PaymentError WALLET_MISSING, WALLET_PASSPHRASE */
export async function changePassphrase(where: Where, next: string | undefined): Promise<Hex> {
  const privateKey = await loadKey(where);
  const { dataDirectory, scryptCost } = where;
  return storeKey({ dataDirectory, scryptCost, ...(next === undefined ? {} : { passphrase: next }) }, privateKey);
}

async function loadKey(where: Where): Promise<string> {
  const path = walletPathOf(where.dataDirectory);
  const content = readWalletFile(path);
  if (content === null) throw missing(where.dataDirectory);
  return (await openKey(content, path, where)).privateKey;
}

async function storeKey(where: Where, privateKey: string): Promise<Hex> {
  writeWalletFile(walletPathOf(where.dataDirectory), await sealKey(privateKey, sealersOf(where)));
  return addressOf(privateKey);
}

async function readKeyFrom(path: string, passphrase: string | undefined, scryptCost?: number): Promise<string> {
  const content = readFileSync(path, 'utf8').trim();
  if (/^0x[0-9a-f]{64}$/i.test(content)) {
    try {
      return new Wallet(content).privateKey;
    } catch {
      throw new PaymentError('WALLET_CORRUPT', `${path} holds a number that is no key`);
    }
  }
  return (await openKey(content, path, { passphrase, scryptCost })).privateKey;
}

/** Keystores write the address without 0x and checksum; a file without one says nothing. */
function readAddress(content: string): Hex | null {
  try {
    const { address }: { address?: unknown } = JSON.parse(content);
    if (typeof address === 'string') return asHex(getAddress(address.startsWith('0x') ? address : `0x${address}`));
  } catch {
    // No JSON or no address.
  }
  return null;
}

function addressOf(privateKey: string): Hex {
  return asHex(new Wallet(privateKey).address);
}

function refuseExisting(dataDirectory: string): void {
  const existing = describeWallet(dataDirectory);
  if (existing === null) return;
  const message = `${walletPathOf(dataDirectory)} holds the wallet ${existing.address ?? '(unreadable)'} already; export it first`;
  throw new PaymentError('WALLET_EXISTS', message);
}

function missing(dataDirectory: string): PaymentError {
  return new PaymentError('WALLET_MISSING', `there is no wallet in ${dataDirectory}; "hearth wallet create" makes one`);
}
