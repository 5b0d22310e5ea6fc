/** The file with the key: whole or not at all, and for nobody but its owner. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { platform } from 'node:process';
import { createPassphraseKeyStore, plainKeyStore } from './key-store.ts';
import type { KeyStore, OpenedKey } from './key-store.ts';
import { keychainElsewhere } from './keychain-key-store.ts';
import { PaymentError } from './payment-error.ts';

export function walletPathOf(dataDirectory: string): string {
  return join(dataDirectory, 'wallet.json');
}

/** Null when there is none. @throws PaymentError WALLET_PERMISSIONS */
export function readWalletFile(path: string): string | null {
  if (!existsSync(path)) return null;
  refuseSharedFile(path);
  return readFileSync(path, 'utf8');
}

/** Whole or not at all: written beside, synced, then renamed into place. */
export function writeWalletFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
}

/** The key in a wallet file of any kind. @throws PaymentError */
export function openKey(content: string, where: string, secrets: Secrets): Promise<OpenedKey> {
  const openers = [
    ...sealersOf(secrets),
    // Without what they need, they say so.
    createPassphraseKeyStore(secrets.passphrase),
    keychainElsewhere,
  ];
  const store = openers.find((one) => one.recognises(content)) ?? plainKeyStore;
  return store.open(content, where);
}

/** Sealed by the best of `sealers` that can. @throws PaymentError KEYCHAIN_UNAVAILABLE when none can */
export async function sealKey(
  privateKey: string,
  [sealer, ...others]: readonly [KeyStore, ...KeyStore[]],
): Promise<string> {
  try {
    return await sealer.seal(privateKey);
  } catch (error) {
    const [next, ...rest] = others;
    if (next === undefined || !(error instanceof PaymentError) || error.code !== 'KEYCHAIN_UNAVAILABLE') throw error;
    return sealKey(privateKey, [next, ...rest]);
  }
}

export interface Secrets {
  readonly passphrase?: string | undefined;
  /** Seals rather than a passphrase; the desktop's keychain. */
  readonly keyStore?: KeyStore | undefined;
  /** scrypt N; smaller only in tests. */
  readonly scryptCost?: number | undefined;
}

/** The stores that may hold the key, the best first. Plain only where there is no other: an owner who has one wants it used. */
export function sealersOf({ passphrase, keyStore, scryptCost }: Secrets): readonly [KeyStore, ...KeyStore[]] {
  const byPassphrase = passphrase === undefined ? [] : [createPassphraseKeyStore(passphrase, scryptCost)];
  const [first, ...others] = keyStore === undefined ? byPassphrase : [keyStore, ...byPassphrase];
  return first === undefined ? [plainKeyStore] : [first, ...others];
}

function refuseSharedFile(path: string): void {
  // Windows has no group and world bits; there the user's profile folder is the protection.
  if (platform === 'win32') return;
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  throw new PaymentError(
    'WALLET_PERMISSIONS',
    `${path} holds a key and has mode ${mode.toString(8)}, which others can use; run "chmod 600" on it`,
    { data: { mode } },
  );
}
