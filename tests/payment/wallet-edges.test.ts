/** Wallet files that cannot be read, or are not there. */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWallet } from '../../main/payment/index.ts';
import { createNewWallet, exportWallet, importWallet, verifyBackup } from '../../main/payment/wallet-keeping.ts';

let folder: string;
let where: { readonly dataDirectory: string; readonly scryptCost: number };
let keyFile: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-wallet-edges-'));
  where = { dataDirectory: join(folder, 'data'), scryptCost: 2 };
  keyFile = join(folder, 'key.txt');
  writeFileSync(keyFile, Wallet.createRandom().privateKey);
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a wallet file that cannot be read is named so, kept beside when it is replaced, and matches no backup', async () => {
  mkdirSync(where.dataDirectory);
  const path = join(where.dataDirectory, 'wallet.json');
  writeFileSync(path, 'nonsense', { mode: 0o600 });
  const unreadable = { message: expect.stringContaining('unreadable') };
  await expect(createNewWallet(where)).rejects.toMatchObject({ code: 'WALLET_EXISTS', ...unreadable });
  const backup = { path: keyFile, passphrase: undefined };
  await expect(verifyBackup(where, backup)).rejects.toMatchObject({ code: 'BACKUP_MISMATCH', ...unreadable });
  const address = await importWallet(where, { path: keyFile, replace: true });
  expect((await openWallet(where)).address).toBe(address);
  expect(existsSync(`${path}.unreadable`)).toBe(true);
});

test('there is nothing to export where no wallet is', async () => {
  const backup = { path: join(folder, 'backup.json'), passphrase: 'vault' };
  await expect(exportWallet(where, backup)).rejects.toMatchObject({ code: 'WALLET_MISSING' });
  expect(existsSync(backup.path)).toBe(false);
});
