/** The hot key: signs vouchers, agreements, results and the node's own transactions. Pay-outs may go to another address. */
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
import { join } from 'node:path';
import { platform } from 'node:process';
import { SigningKey, Wallet, decryptKeystoreJson, encryptKeystoreJson, isKeystoreJson } from 'ethers';
import type { TransactionLike } from 'ethers';
import type { Hex } from '../../protocol/agreement.ts';
import { PaymentError } from './payment-error.ts';
import { asHex } from './typed-data.ts';
import type { Signer } from './types.ts';

export interface HotWallet extends Signer {
  /** A serialized, signed transaction, ready to be sent. */
  signTransaction(transaction: TransactionLike): Promise<Hex>;
}

const fileName = 'wallet.json';
/** scrypt N of the usual keystores: about a second of work for each guess. */
const usualScryptCost = 131_072;

/**
 * Loads the key of the data folder, or creates one. With a passphrase the file is an ethers keystore; a file without
 * one is encrypted the first time a passphrase is given.
 * @throws PaymentError WALLET_PERMISSIONS, WALLET_PASSPHRASE, WALLET_CORRUPT
 */
export async function openWallet(options: {
  readonly dataDirectory: string;
  readonly passphrase?: string;
  /** scrypt N; smaller only in tests. */
  readonly scryptCost?: number;
}): Promise<HotWallet> {
  const { dataDirectory, passphrase, scryptCost = usualScryptCost } = options;
  const path = join(dataDirectory, fileName);
  if (existsSync(path)) {
    refuseSharedFile(path);
    const content = readFileSync(path, 'utf8');
    if (isKeystoreJson(content)) return createWallet(await decrypt(content, passphrase, path));
    const privateKey = readPlainKey(content, path);
    if (passphrase !== undefined) writeKeyFile(path, await encrypt(privateKey, passphrase, scryptCost));
    return createWallet(privateKey);
  }
  const { privateKey } = Wallet.createRandom();
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 });
  writeKeyFile(
    path,
    passphrase === undefined ? plainText(privateKey) : await encrypt(privateKey, passphrase, scryptCost),
  );
  return createWallet(privateKey);
}

/** A wallet around a key in memory. The key is in this closure and nowhere else. */
export function createWallet(privateKey: string): HotWallet {
  const wallet = new Wallet(privateKey);
  return {
    address: asHex(wallet.address),
    signTypedData: async (domain, types, value) => asHex(await wallet.signTypedData(domain, types, value)),
    signTransaction: async (transaction) => asHex(await wallet.signTransaction(transaction)),
  };
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

function plainText(privateKey: string): string {
  return `${JSON.stringify({ version: 1, address: new Wallet(privateKey).address, privateKey })}\n`;
}

function readPlainKey(content: string, path: string): string {
  try {
    const parsed: { version?: unknown; address?: unknown; privateKey?: unknown } = JSON.parse(content);
    if (parsed.version === 1 && typeof parsed.privateKey === 'string') {
      const wallet = new Wallet(new SigningKey(parsed.privateKey));
      if (wallet.address === parsed.address) return wallet.privateKey;
    }
  } catch {
    // The parser's message could quote the key, so it goes no further.
  }
  throw new PaymentError('WALLET_CORRUPT', `${path} is not a wallet file, or its key does not belong to its address`);
}

async function encrypt(privateKey: string, passphrase: string, scryptCost: number): Promise<string> {
  const { address } = new Wallet(privateKey);
  return `${await encryptKeystoreJson({ address, privateKey }, passphrase, { scrypt: { N: scryptCost } })}\n`;
}

async function decrypt(content: string, passphrase: string | undefined, path: string): Promise<string> {
  if (passphrase === undefined) {
    throw new PaymentError('WALLET_PASSPHRASE', `${path} is encrypted and no passphrase was given`);
  }
  try {
    return (await decryptKeystoreJson(content, passphrase)).privateKey;
  } catch {
    throw new PaymentError('WALLET_PASSPHRASE', `the passphrase does not open ${path}`);
  }
}

/** Whole or not at all: written beside, synced, then renamed into place. */
function writeKeyFile(path: string, content: string): void {
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
