import type { NodeAlarm } from '../../protocol/node-api.ts';
import { describeWallet, keychainName, readWalletSettings } from '../payment/index.ts';

const byCommandLine =
  'Run "hearth wallet export FILE", keep the file elsewhere, then "hearth wallet verify-backup FILE".';
const byDesktop =
  'Quit Hearth and run it with --export-wallet FILE (passphrase in HEARTH_BACKUP_PASSPHRASE), keep the file elsewhere, then run it with --verify-backup FILE.';

/** Until a backup has been proven: what the node earns hangs on one file. Asked from the start, before the first task pays. */
export function remindOfBackup(
  dataDirectory: string,
  walletAddress: string,
  startedAtMs = Date.now(),
): () => readonly NodeAlarm[] {
  return () => {
    if (isProven(dataDirectory, walletAddress)) return [];
    return [
      {
        code: 'WALLET_NOT_BACKED_UP',
        severity: 'warning',
        message: `The key of ${walletAddress} is on this machine only: lose it, and what is not paid out is lost.`,
        fix: isSealedByKeychain(dataDirectory) ? byDesktop : byCommandLine,
        sinceMs: startedAtMs,
      },
    ];
  };
}

/** A file that cannot be read now proves nothing; the node has read it when it started. */
function isProven(dataDirectory: string, walletAddress: string): boolean {
  try {
    return readWalletSettings(dataDirectory).provenBackup?.address === walletAddress;
  } catch {
    return false;
  }
}

function isSealedByKeychain(dataDirectory: string): boolean {
  try {
    return describeWallet(dataDirectory)?.sealedBy === keychainName;
  } catch {
    return false;
  }
}
