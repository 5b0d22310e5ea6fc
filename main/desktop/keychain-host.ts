/** Electron's main process: seals and opens the core's secret by `safeStorage`, where that protects anything. */
import type { SafeStorage } from 'electron';
import type { KeychainOutcome, KeychainQuestion } from './keychain-messages.ts';

export type KeychainStorage = Pick<
  SafeStorage,
  'isAsyncEncryptionAvailable' | 'encryptStringAsync' | 'decryptStringAsync' | 'getSelectedStorageBackend'
>;

export type AnswerKeychain = (question: KeychainQuestion) => Promise<KeychainOutcome>;

/** Never rejects. `storage` is asked after `ready` only: before it, Linux knows no backend. */
export function createKeychainHost(storage: KeychainStorage, platform: NodeJS.Platform): AnswerKeychain {
  /** What keeps the keychain from protecting the wallet, with what the owner can do; null when nothing does. */
  async function fault(): Promise<string | null> {
    if (platform === 'linux') {
      const backend = storage.getSelectedStorageBackend();
      if (backend === 'basic_text' || backend === 'unknown') {
        const fix = 'Install and unlock GNOME Keyring or KWallet and start again, or start with HEARTH_PASSPHRASE set.';
        const cause =
          backend === 'basic_text'
            ? 'there is no keyring, so it would be sealed with a password that everybody knows ("basic_text")'
            : 'the keyring of this desktop is not known ("unknown")';
        return `${cause}. ${fix}`;
      }
    }
    if (await storage.isAsyncEncryptionAvailable()) return null;
    return 'it is locked or not there. Unlock it and start again, or start with HEARTH_PASSPHRASE set.';
  }

  async function answer({ action, text }: KeychainQuestion): Promise<KeychainOutcome> {
    const unavailable = await fault();
    if (unavailable !== null) return { ok: false, code: 'unavailable', message: unavailable };
    if (action === 'seal') {
      const sealed = await storage.encryptStringAsync(text);
      return { ok: true, text: sealed.toString('base64'), isStale: false };
    }
    try {
      const { result, shouldReEncrypt } = await storage.decryptStringAsync(Buffer.from(text, 'base64'));
      return { ok: true, text: result, isStale: shouldReEncrypt };
    } catch {
      // What the system says of it could quote the secret, so it goes no further.
      return { ok: false, code: 'foreign', message: 'it was not sealed by the keychain of this user' };
    }
  }

  return (question) =>
    answer(question).catch(() => ({
      ok: false,
      code: 'unavailable',
      message: 'it failed when it was asked. Unlock it and start again, or start with HEARTH_PASSPHRASE set.',
    }));
}
