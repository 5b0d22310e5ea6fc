import { CommandError, exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import type { Command } from '../command-definition.ts';
import { findRunningNode } from '../api-client.ts';
import { readSecret } from '../secrets.ts';

/** Passphrases come from the environment: a command line is seen by every program of the machine. */
const secretsHelp =
  'HEARTH_PASSPHRASE opens and seals the wallet of the node, HEARTH_BACKUP_PASSPHRASE a backup, HEARTH_NEW_PASSPHRASE is the next one.';

const passphrase = (): string | undefined => readSecret('HEARTH_PASSPHRASE');

function requireSecret(name: string, what: string): string {
  const value = readSecret(name);
  if (value !== undefined) return value;
  throw new UsageError('MISSING_OPTION', `${what} must be in the environment as ${name}`);
}

function whereOf(dataDirectory: string) {
  return { dataDirectory, passphrase: passphrase() };
}

const importKeeping = () => import('../../payment/wallet-keeping.ts');
const importSettings = () => import('../../payment/wallet-settings.ts');

const fileReasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file or folder',
  ENOTDIR: 'a part of its path is a file',
  EACCES: 'this user may not',
  EISDIR: 'it is a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
};

/** A running node goes on with the key it has read: what is changed under it would be lost or, worse, half true. */
async function requireStopped(dataDirectory: string): Promise<void> {
  const running = await findRunningNode(dataDirectory);
  if (running === undefined) return;
  const message = `a node runs on ${dataDirectory} with the wallet that is there; stop it first: hearth stop`;
  throw new CommandError('NODE_ALREADY_RUNNING', message, { data: { pid: running.pid } });
}

/** The file system's own errors, in the words of the command line. */
async function withFile<Result>(path: string, action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    const options = { data: { path }, cause: error };
    if (code === 'EEXIST')
      throw new CommandError('FILE_UNWRITABLE', `${path} is there already; it is left as it is`, options);
    const reason = fileReasons[String(code)];
    if (reason !== undefined) throw new CommandError('FILE_UNREADABLE', `${path} cannot be used: ${reason}`, options);
    throw error;
  }
}

const showCommand = defineCommand({
  words: ['wallet', 'show'],
  summary: 'Show the address that signs, the address that is paid, and the state of the backup',
  options: {},
  async run({ dataDirectory, output }) {
    const [{ describeWallet }, { readWalletSettings }] = await Promise.all([importKeeping(), importSettings()]);
    const wallet = describeWallet(dataDirectory);
    const { payoutAddress, provenBackup } = readWalletSettings(dataDirectory);
    const backupVerifiedAtMs = provenBackup?.address === wallet?.address ? (provenBackup?.atMs ?? null) : null;
    output.data({ wallet, payoutAddress: payoutAddress ?? wallet?.address ?? null, backupVerifiedAtMs });
    output.text(`Wallet   ${wallet?.address ?? 'none yet: the node makes one when it starts'}`);
    if (wallet !== null) output.text(`Sealed   by ${wallet.sealedBy}`);
    output.text(`Paid to  ${payoutAddress ?? 'the wallet itself'}`);
    const proven = backupVerifiedAtMs === null ? 'never' : new Date(backupVerifiedAtMs).toISOString();
    output.text(`Backup   proven ${proven}`);
    return exitCodes.done;
  },
});

const createCommand = defineCommand({
  words: ['wallet', 'create'],
  summary: 'Make a new key; refused where there is one',
  details: secretsHelp,
  options: {},
  async run({ dataDirectory, output }) {
    const { createNewWallet } = await importKeeping();
    const address = await createNewWallet(whereOf(dataDirectory));
    output.data({ address });
    output.text(`Made the wallet ${address}. Back it up: HEARTH_BACKUP_PASSPHRASE=... hearth wallet export FILE`);
    return exitCodes.done;
  },
});

const importCommand = defineCommand({
  words: ['wallet', 'import'],
  summary: 'Take the key of a keystore file, or of one with 0x and 64 hex digits',
  details: `The node must not run. ${secretsHelp}`,
  options: {
    replace: { kind: 'flag', summary: 'put it in the place of the wallet that is there, which is kept beside it' },
  },
  positionals: [{ name: 'FILE', summary: 'the file with the key', required: true }],
  async run({ dataDirectory, output }, { replace }, [path = '']) {
    await requireStopped(dataDirectory);
    const { describeWallet, importWallet } = await importKeeping();
    const before = describeWallet(dataDirectory);
    const secret = readSecret('HEARTH_BACKUP_PASSPHRASE');
    const address = await withFile(path, () =>
      importWallet(whereOf(dataDirectory), { path, passphrase: secret, replace }),
    );
    output.data({ address });
    output.text(`The wallet is ${address} now.`);
    if (before !== null && before.address !== address) {
      output.text(
        `What ${before.address ?? 'the one before'} earned is claimed with its key only, which lies beside it in the data folder.`,
      );
    }
    return exitCodes.done;
  },
});

const exportCommand = defineCommand({
  words: ['wallet', 'export'],
  summary: 'Write an encrypted backup of the key to a new file',
  details: secretsHelp,
  options: {},
  positionals: [{ name: 'FILE', summary: 'where to; must not exist', required: true }],
  async run({ dataDirectory, output }, _options, [path = '']) {
    const { exportWallet } = await importKeeping();
    const secret = requireSecret('HEARTH_BACKUP_PASSPHRASE', "the backup's passphrase");
    const address = await withFile(path, () => exportWallet(whereOf(dataDirectory), { path, passphrase: secret }));
    output.data({ address, path });
    output.text(`Wrote the key of ${address} to ${path}. Prove that it opens: hearth wallet verify-backup ${path}`);
    return exitCodes.done;
  },
});

const verifyBackupCommand = defineCommand({
  words: ['wallet', 'verify-backup'],
  summary: 'Prove that a backup opens and holds the key of this wallet',
  details: secretsHelp,
  options: {},
  positionals: [{ name: 'FILE', summary: 'the backup', required: true }],
  async run({ dataDirectory, output }, _options, [path = '']) {
    const { verifyBackup } = await importKeeping();
    const secret = readSecret('HEARTH_BACKUP_PASSPHRASE');
    const address = await withFile(path, () => verifyBackup({ dataDirectory }, { path, passphrase: secret }));
    output.data({ address, path, ok: true });
    output.text(`The backup opens and holds the key of ${address}.`);
    return exitCodes.done;
  },
});

const setPayoutCommand = defineCommand({
  words: ['wallet', 'set-payout'],
  summary: 'Have channels opened from now on pay another address, best one that no node holds the key of',
  details:
    'Takes effect when the node starts next. Open channels go on paying the address they name. "self" sets it back to the wallet.',
  options: {},
  positionals: [{ name: 'ADDRESS', summary: '0x and 40 hex digits, or "self"', required: true }],
  async run({ dataDirectory, output }, _options, [address = '']) {
    const { setPayoutAddress } = await importSettings();
    const payoutAddress = setPayoutAddress(dataDirectory, address === 'self' ? null : address);
    output.data({ payoutAddress });
    output.text(`Channels opened from the next start on pay ${payoutAddress ?? 'the wallet itself'}.`);
    return exitCodes.done;
  },
});

const passphraseCommand = defineCommand({
  words: ['wallet', 'passphrase'],
  summary: 'Change the passphrase of the wallet, or take it away',
  details: secretsHelp,
  options: { none: { kind: 'flag', summary: 'leave the key protected by its file mode alone' } },
  async run({ dataDirectory, output }, { none }) {
    const { changePassphrase } = await importKeeping();
    const next = none ? undefined : requireSecret('HEARTH_NEW_PASSPHRASE', 'the new passphrase');
    const address = await changePassphrase(whereOf(dataDirectory), next);
    output.data({ address, encrypted: next !== undefined });
    output.text(next === undefined ? `${address} has no passphrase now.` : `${address} has a new passphrase.`);
    return exitCodes.done;
  },
});

export const walletCommands: readonly Command[] = [
  showCommand,
  createCommand,
  importCommand,
  exportCommand,
  verifyBackupCommand,
  setPayoutCommand,
  passphraseCommand,
];
