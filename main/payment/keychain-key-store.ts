/** The key sealed by the operating system's keychain: what Electron calls safeStorage, handed in by the desktop. */
import { Buffer } from 'node:buffer';
import { Wallet } from 'ethers';
import type { KeyStore } from './key-store.ts';
import { PaymentError } from './payment-error.ts';

/** The part of Electron's `safeStorage` that is used; only its main process has it. */
export interface Keychain {
  isAsyncEncryptionAvailable(): Promise<boolean>;
  encryptStringAsync(text: string): Promise<Uint8Array>;
  decryptStringAsync(sealed: Buffer): Promise<{ readonly result: string; readonly shouldReEncrypt: boolean }>;
  /** Linux only. `basic_text` seals with a password that everybody knows. */
  getSelectedStorageBackend?(): string;
}

/** @param platform `process.platform` */
export function createKeychainKeyStore(keychain: Keychain, platform: string): KeyStore {
  async function requireKeychain(): Promise<void> {
    if (platform === 'linux') {
      const backend = keychain.getSelectedStorageBackend?.() ?? 'unknown';
      if (backend === 'basic_text' || backend === 'unknown') {
        throw unavailable(`it is "${backend}", which protects nothing; install a keyring or set a passphrase`);
      }
    }
    if (!(await keychain.isAsyncEncryptionAvailable())) throw unavailable('it is locked or not there');
  }

  return {
    name: "the system's keychain",
    recognises: (content) => content.includes('"sealedBy":"keychain"'),
    async seal(privateKey) {
      await requireKeychain();
      const { address } = new Wallet(privateKey);
      const sealed = Buffer.from(await keychain.encryptStringAsync(privateKey)).toString('base64');
      return `${JSON.stringify({ version: 1, sealedBy: 'keychain', address, sealed })}\n`;
    },
    async open(content, where) {
      await requireKeychain();
      try {
        const { address, sealed }: { address: string; sealed: string } = JSON.parse(content);
        const { result } = await keychain.decryptStringAsync(Buffer.from(sealed, 'base64'));
        if (new Wallet(result).address === address) return result;
      } catch {
        // Neither the key nor what the keychain says of it belongs into a message.
      }
      throw new PaymentError('WALLET_CORRUPT', `the keychain of this user does not open ${where}`);
    },
  };
}

function unavailable(why: string): PaymentError {
  return new PaymentError('KEYCHAIN_UNAVAILABLE', `the system's keychain cannot keep the wallet: ${why}`);
}
