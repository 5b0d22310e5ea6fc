import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Wallet } from 'ethers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWallet, readWalletSettings } from '../../main/payment/index.ts';
import {
  changePassphrase,
  createNewWallet,
  describeWallet,
  exportWallet,
  importWallet,
  verifyBackup,
} from '../../main/payment/wallet-keeping.ts';
import { setPayoutAddress } from '../../main/payment/wallet-settings.ts';

let folder: string;
let dataDirectory: string;
let backup: string;
const scryptCost = 2;
const isWindows = process.platform === 'win32';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-keeping-'));
  dataDirectory = join(folder, 'data');
  backup = join(folder, 'backup.json');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

const where = (passphrase?: string) => ({ dataDirectory, passphrase, scryptCost });

function failure(code: string, message = '') {
  return expect.objectContaining({ name: 'PaymentError', code, message: expect.stringContaining(message) });
}

test('a wallet is created, exported, proven, lost and imported again: the same key', async () => {
  const address = await createNewWallet(where('node'));
  expect(await exportWallet(where('node'), { path: backup, passphrase: 'vault' })).toBe(address);
  if (!isWindows) expect(statSync(backup).mode & 0o777).toBe(0o600);
  expect(readWalletSettings(dataDirectory).provenBackup).toBeNull();
  expect(await verifyBackup(where(), { path: backup, passphrase: 'vault', nowMs: 5 })).toBe(address);
  expect(readWalletSettings(dataDirectory).provenBackup).toEqual({ address, atMs: 5 });
  rmSync(dataDirectory, { recursive: true });
  expect(await importWallet(where('other'), { path: backup, passphrase: 'vault' })).toBe(address);
  expect((await openWallet(where('other'))).address).toBe(address);
});

test('a backup that does not open, or is of another wallet, is not proven', async () => {
  await createNewWallet(where());
  await exportWallet(where(), { path: backup, passphrase: 'vault' });
  const prove = (passphrase?: string) => verifyBackup(where(), { path: backup, passphrase });
  await expect(prove('wrong')).rejects.toThrow(failure('WALLET_PASSPHRASE', 'does not open'));
  await expect(prove()).rejects.toThrow(failure('WALLET_PASSPHRASE', 'no passphrase'));
  writeFileSync(backup, readFileSync(backup, 'utf8').slice(0, -20));
  await expect(prove('vault')).rejects.toThrow(failure('WALLET_CORRUPT'));
  writeFileSync(backup, Wallet.createRandom().privateKey);
  await expect(prove('vault')).rejects.toThrow(failure('BACKUP_MISMATCH', 'the backup holds the key of'));
  expect(readWalletSettings(dataDirectory).provenBackup).toBeNull();
  rmSync(join(dataDirectory, 'wallet.json'));
  await expect(prove('vault')).rejects.toThrow(failure('WALLET_MISSING', 'wallet create'));
});

test('no key is overwritten: neither by creating, nor by importing, nor by exporting', async () => {
  const first = await createNewWallet(where());
  await expect(createNewWallet(where())).rejects.toThrow(failure('WALLET_EXISTS', first));
  const { privateKey, address } = Wallet.createRandom();
  writeFileSync(backup, `${privateKey}\n`);
  await expect(importWallet(where(), { path: backup })).rejects.toThrow(failure('WALLET_EXISTS'));
  await expect(exportWallet(where(), { path: backup, passphrase: 'x' })).rejects.toMatchObject({ code: 'EEXIST' });
  expect(await importWallet(where(), { path: backup, replace: true })).toBe(address);
  const kept = JSON.parse(readFileSync(join(dataDirectory, `wallet.json.${first}`), 'utf8'));
  expect(kept.address).toBe(first);
});

test('the passphrase changes, and can be taken away; without the old one it cannot', async () => {
  const address = await createNewWallet(where('old'));
  expect(describeWallet(dataDirectory)).toEqual({ address, sealedBy: 'a passphrase' });
  await expect(changePassphrase(where('wrong'), 'new')).rejects.toThrow(failure('WALLET_PASSPHRASE'));
  await changePassphrase(where('old'), 'new');
  await expect(openWallet(where('old'))).rejects.toThrow(failure('WALLET_PASSPHRASE'));
  expect((await openWallet(where('new'))).address).toBe(address);
  await changePassphrase(where('new'), undefined);
  expect(describeWallet(dataDirectory)).toEqual({ address, sealedBy: 'nothing but the file mode' });
  expect((await openWallet(where())).address).toBe(address);
});

test('what is no key is not imported, and is not repeated in the message', async () => {
  for (const content of [`0x${'0'.repeat(64)}`, 'twelve words', '{"privateKey":"0x12"}', `0x${'f'.repeat(64)}`]) {
    writeFileSync(backup, content);
    const error = await importWallet(where(), { path: backup }).catch((thrown: unknown) => thrown);
    expect(error).toEqual(failure('WALLET_CORRUPT'));
    expect(String(error)).not.toContain(content);
  }
  expect(describeWallet(dataDirectory)).toBeNull();
  mkdirSync(dataDirectory);
  writeFileSync(join(dataDirectory, 'wallet.json'), 'nonsense', { mode: 0o600 });
  expect(describeWallet(dataDirectory)).toMatchObject({ address: null });
});

const checksummed = '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913';

test.each([
  ['a wrong capital', checksummed.replace('fCD6', 'FCD6')],
  ['a digit too few', checksummed.slice(0, -1)],
  ['nobody', `0x${'0'.repeat(40)}`],
  ['a form without 0x', `XE7338O073KYGTWWZN0F2WZ0R8PX5ZPPZS`],
  ['a name', 'vault.eth'],
])('pay-outs do not go to %s', (_what, address) => {
  mkdirSync(dataDirectory);
  expect(() => setPayoutAddress(dataDirectory, address)).toThrow(failure('PAYOUT_INVALID'));
  expect(readWalletSettings(dataDirectory).payoutAddress).toBeNull();
});

test('the payout address is kept with its capitals, set back, and a spoilt file stops the node', () => {
  expect(setPayoutAddress(dataDirectory, checksummed.toLowerCase())).toBe(checksummed);
  expect(readWalletSettings(dataDirectory)).toEqual({ payoutAddress: checksummed, provenBackup: null });
  expect(setPayoutAddress(dataDirectory, null)).toBeNull();
  const path = join(dataDirectory, 'wallet-settings.json');
  for (const content of [
    '{',
    '{"version":2}',
    '{"version":1,"payoutAddress":"0x12","provenBackup":null}',
    '{"version":1,"payoutAddress":7,"provenBackup":null}',
    '{"version":1,"payoutAddress":null,"provenBackup":{"address":"0x12","atMs":1}}',
    '{"version":1,"payoutAddress":null,"provenBackup":{"atMs":1}}',
    `{"version":1,"payoutAddress":null,"provenBackup":{"address":"${checksummed}"}}`,
    '{"version":1,"payoutAddress":null}',
  ]) {
    writeFileSync(path, content);
    expect(() => readWalletSettings(dataDirectory)).toThrow(failure('WALLET_CORRUPT', path));
  }
});

test.skipIf(isWindows)('a wallet that others can read is neither described nor exported', async () => {
  await createNewWallet(where());
  chmodSync(join(dataDirectory, 'wallet.json'), 0o644);
  expect(() => describeWallet(dataDirectory)).toThrow(failure('WALLET_PERMISSIONS'));
  await expect(exportWallet(where(), { path: backup, passphrase: 'x' })).rejects.toThrow(failure('WALLET_PERMISSIONS'));
  expect(existsSync(backup)).toBe(false);
});
