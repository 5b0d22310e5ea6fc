/**
 * The key under a secret of its own, and the secret in the operating system's keychain. Only the secret goes to the process
 * that reaches the keychain; the key is encrypted and decrypted here, in the process that signs.
 */
import { Buffer } from 'node:buffer';
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { Wallet } from 'ethers';
import type { KeyStore, OpenedKey } from './key-store.ts';
import { PaymentError } from './payment-error.ts';

/** What is needed of the keychain; the desktop reaches it through Electron's main process. */
export interface Keychain {
  /** The sealed text, in base64. @throws PaymentError KEYCHAIN_UNAVAILABLE with cause and fix */
  seal(secret: string): Promise<string>;
  /** Null when this keychain did not seal it. `isStale`: it opens, and should be sealed anew. @throws PaymentError KEYCHAIN_UNAVAILABLE */
  open(sealed: string): Promise<{ readonly secret: string; readonly isStale: boolean } | null>;
}

export const keychainName = "the system's keychain";

const cipher = 'aes-256-gcm';
const secretBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

interface SealedFile {
  readonly version: 1;
  readonly sealedBy: 'keychain';
  readonly address: string;
  /** The secret as the keychain sealed it; base64, like the rest. */
  readonly secret: string;
  readonly nonce: string;
  readonly encryptedKey: string;
  readonly tag: string;
}

const textFields = ['address', 'secret', 'nonce', 'encryptedKey', 'tag'] as const;

/** Is this the content of a wallet file that a keychain seals? */
export function isSealedByKeychain(content: string): boolean {
  return content.includes('"sealedBy":"keychain"');
}

export function createKeychainKeyStore(keychain: Keychain): KeyStore {
  return {
    name: keychainName,
    recognises: isSealedByKeychain,
    async seal(privateKey) {
      const secret = randomBytes(secretBytes);
      const sealedSecret = await keychain.seal(secret.toString('base64'));
      const { address } = new Wallet(privateKey);
      const nonce = randomBytes(nonceBytes);
      const encryption = createCipheriv(cipher, secret, nonce).setAAD(Buffer.from(address));
      const encryptedKey = Buffer.concat([
        encryption.update(Buffer.from(privateKey.slice(2), 'hex')),
        encryption.final(),
      ]);
      const file: SealedFile = {
        version: 1,
        sealedBy: 'keychain',
        address,
        secret: sealedSecret,
        nonce: nonce.toString('base64'),
        encryptedKey: encryptedKey.toString('base64'),
        tag: encryption.getAuthTag().toString('base64'),
      };
      return `${JSON.stringify(file)}\n`;
    },
    async open(content, where) {
      const file = parse(content);
      if (file === null) throw new PaymentError('WALLET_CORRUPT', `${where} is damaged; ${bringBack}`);
      const opened = await keychain.open(file.secret);
      const key = opened === null ? null : decrypt(file, opened.secret);
      if (opened === null || key === null) {
        const message =
          `the keychain of this user does not open ${where}: it was sealed on another machine or by another user, ` +
          `the keychain was reset, or the file was changed; ${bringBack}`;
        throw new PaymentError('WALLET_CORRUPT', message);
      }
      return { privateKey: key, isStale: opened.isStale };
    },
  };
}

const bringBack =
  'bring the key back from its backup: hearth wallet import FILE --replace, or the application with --import-wallet FILE';

/** Where there is no keychain to ask: the command line, whose wallet the desktop has sealed. */
export const keychainElsewhere: Omit<KeyStore, 'seal'> = {
  name: keychainName,
  recognises: isSealedByKeychain,
  open: (_content, where) => Promise.reject<OpenedKey>(onlyTheDesktop(where)),
};

function onlyTheDesktop(where: string): PaymentError {
  const message =
    `${where} is sealed by the system's keychain, which only the desktop application reaches; quit it and run it with ` +
    '--export-wallet FILE to take the key along, or bring it back from its backup: hearth wallet import FILE --replace';
  return new PaymentError('KEYCHAIN_UNAVAILABLE', message);
}

function parse(content: string): SealedFile | null {
  try {
    const file: Record<string, unknown> = JSON.parse(content);
    if (file['version'] !== 1 || textFields.some((field) => typeof file[field] !== 'string')) return null;
    return file as unknown as SealedFile;
  } catch {
    return null;
  }
}

/** Null when the secret is another one, or any part of the file was changed. */
function decrypt(file: SealedFile, secret: string): string | null {
  try {
    const decryption = createDecipheriv(cipher, bytesOf(secret), bytesOf(file.nonce), { authTagLength: tagBytes })
      .setAAD(Buffer.from(file.address))
      .setAuthTag(bytesOf(file.tag));
    const plain = Buffer.concat([decryption.update(bytesOf(file.encryptedKey)), decryption.final()]);
    return new Wallet(`0x${plain.toString('hex')}`).privateKey;
  } catch {
    // Neither the key nor what the cipher says of it belongs into a message.
    return null;
  }
}

function bytesOf(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
