/**
 * The desktop's wallet on the command line, for a key that only this application can open: the core is started for one
 * action, without a GPU or a network, and ends.
 */
import { resolve } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import { createKeychainKeyStore } from '../payment/index.ts';
import { exportWallet, importWallet, verifyBackup } from '../payment/wallet-keeping.ts';
import type { WalletAction } from './command-line.ts';
import { parseToCore } from './core-messages.ts';
import type { FromCore } from './core-messages.ts';
import { createKeychainLink } from './keychain-link.ts';
import type { CoreParentPort } from './run-core.ts';
import { scheduleWithTimer } from './supervisor.ts';

export interface WalletCommandParts {
  readonly parentPort: CoreParentPort;
  readonly action: WalletAction;
  readonly dataDirectory: string;
  /** Of the node, where it has one. */
  readonly passphrase: string | undefined;
  /** Of the backup. */
  readonly backupPassphrase: string | undefined;
  readonly scryptCost?: number;
  readonly exit: (code: number) => void;
  readonly log: (sentence: string) => void;
}

type Where = Parameters<typeof exportWallet>[0];
type Backup = Parameters<typeof exportWallet>[1];

/** Each answers with the sentence that says what was done. */
const doing: Record<WalletAction['kind'], (where: Where, backup: Backup) => Promise<string>> = {
  export: async (where, backup) =>
    `Wrote the key of ${await exportWallet(where, backup)} to ${backup.path}. Prove that it opens: --verify-backup ${backup.path}`,
  verify: async (where, backup) => `The backup opens and holds the key of ${await verifyBackup(where, backup)}.`,
  import: async (where, backup) =>
    `The wallet is ${await importWallet(where, { ...backup, replace: true })} now; the one before it, if any, is kept beside it.`,
};
const undone = { export: 'not exported', verify: 'not checked', import: 'not imported' } as const;

/** Says what it did, or tells the shell why not, and exits. */
export async function runWalletCommand(parts: WalletCommandParts): Promise<void> {
  const { parentPort, dataDirectory, action, passphrase, backupPassphrase, scryptCost } = parts;
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- the parent process, not a window
  const send = (message: FromCore): void => parentPort.postMessage(message);
  const keychain = createKeychainLink({ send, schedule: scheduleWithTimer });
  parentPort.on('message', ({ data }) => {
    const message = parseToCore(data);
    if (message.kind === 'keychain-answer') keychain.receive(message);
  });
  const path = resolve(action.file);
  try {
    if (backupPassphrase === undefined) {
      throw new Error("the backup's passphrase must be in the environment as HEARTH_BACKUP_PASSPHRASE");
    }
    const where = { dataDirectory, passphrase, keyStore: createKeychainKeyStore(keychain), scryptCost };
    parts.log(await doing[action.kind](where, { path, passphrase: backupPassphrase }));
    parts.exit(0);
  } catch (error) {
    send({ kind: 'failed', message: `The wallet was ${undone[action.kind]}: ${errorText(error)}` });
    parts.exit(1);
  }
}
