/** How the key lies on the disk: under a passphrase, in the desktop's keychain, or, where neither is given, plain. */
import { SigningKey, Wallet, decryptKeystoreJson, encryptKeystoreJson, isKeystoreJson } from 'ethers';
import { PaymentError } from './payment-error.ts';

export interface KeyStore {
  /** For sentences: "a passphrase". */
  readonly name: string;
  /** Is this content of this store's making? */
  recognises(content: string): boolean;
  /** The file's content. @throws PaymentError KEYCHAIN_UNAVAILABLE */
  seal(privateKey: string): Promise<string>;
  /** `where` names the file in the message. @throws PaymentError WALLET_CORRUPT, WALLET_PASSPHRASE, KEYCHAIN_UNAVAILABLE */
  open(content: string, where: string): Promise<OpenedKey>;
}

export interface OpenedKey {
  readonly privateKey: string;
  /** It should be sealed anew: the keychain changed its own key. */
  readonly isStale: boolean;
}

/** scrypt N of the usual keystores: about a second of work for each guess. */
const usualScryptCost = 131_072;

/** An ethers keystore, which other wallets read too. Without a passphrase it seals nothing and opens nothing. */
export function createPassphraseKeyStore(passphrase: string | undefined, scryptCost = usualScryptCost): KeyStore {
  const require = (where: string): string => {
    if (passphrase !== undefined && passphrase !== '') return passphrase;
    throw new PaymentError(
      'WALLET_PASSPHRASE',
      `${where} is encrypted and no passphrase was given: the wallet's is read from HEARTH_PASSPHRASE, a backup's from HEARTH_BACKUP_PASSPHRASE`,
    );
  };
  return {
    name: 'a passphrase',
    recognises: isKeystoreJson,
    async seal(privateKey) {
      const { address } = new Wallet(privateKey);
      const options = { scrypt: { N: scryptCost } };
      return `${await encryptKeystoreJson({ address, privateKey }, require('the wallet'), options)}\n`;
    },
    async open(content, where) {
      const given = require(where);
      try {
        const { privateKey } = await decryptKeystoreJson(content, given);
        return { privateKey, isStale: false };
      } catch {
        throw new PaymentError('WALLET_PASSPHRASE', `the passphrase does not open ${where}`);
      }
    },
  };
}

/** Protected by the file's mode alone: a node that must start by itself, on a machine that is its owner's only. */
export const plainKeyStore: KeyStore = {
  name: 'nothing but the file mode',
  recognises: (content) => content.includes('"privateKey"'),
  seal: (privateKey) =>
    Promise.resolve(`${JSON.stringify({ version: 1, address: new Wallet(privateKey).address, privateKey })}\n`),
  open: async (content, where) => ({ privateKey: readPlainKey(content, where), isStale: false }),
};

function readPlainKey(content: string, where: string): string {
  try {
    const parsed: { version?: unknown; address?: unknown; privateKey?: unknown } = JSON.parse(content);
    if (parsed.version === 1 && typeof parsed.privateKey === 'string') {
      const wallet = new Wallet(new SigningKey(parsed.privateKey));
      if (wallet.address === parsed.address) return wallet.privateKey;
    }
  } catch {
    // The parser's message could quote the key, so it goes no further.
  }
  throw new PaymentError('WALLET_CORRUPT', `${where} is not a wallet file, or its key does not belong to its address`);
}
