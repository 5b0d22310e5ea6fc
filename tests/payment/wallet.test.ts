import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verifyTypedData } from 'ethers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWallet } from '../../main/payment/index.ts';
import { hearthDomain, identityBindingTypes } from '../../protocol/agreement.ts';
import type { Hex } from '../../protocol/agreement.ts';
import { settlementAddress } from '../../protocol/x402.ts';

let dataDirectory: string;
const isWindows = process.platform === 'win32';

beforeEach(() => {
  dataDirectory = join(mkdtempSync(join(tmpdir(), 'hearth-wallet-')), 'data');
});

afterEach(() => {
  rmSync(join(dataDirectory, '..'), { recursive: true });
});

const cheap = { scryptCost: 2 };

function hash(digit: string): Hex {
  return `0x${digit.repeat(64)}`;
}

function keyFile(): string {
  return join(dataDirectory, 'wallet.json');
}

function failure(code: string, message: string) {
  return expect.objectContaining({ name: 'PaymentError', code, message: expect.stringContaining(message) });
}

test('a key is created once, kept for its owner only, and signs for the chain that pays', async () => {
  const wallet = await openWallet({ dataDirectory });
  expect((await openWallet({ dataDirectory })).address).toBe(wallet.address);
  if (!isWindows) expect(statSync(keyFile()).mode & 0o777).toBe(0o600);
  const binding = { peerId: 'p', wallet: wallet.address, issuedAt: 0n, expiresAt: 1n, nonce: hash('1') };
  const signature = await wallet.forChain(1n).signBinding(binding);
  expect(verifyTypedData(hearthDomain(1n, settlementAddress), identityBindingTypes, binding, signature)).toBe(
    wallet.address,
  );
});

test('with a passphrase the key is encrypted and opens with it only', async () => {
  const { address } = await openWallet({ dataDirectory, passphrase: 'correct horse', ...cheap });
  expect(JSON.parse(readFileSync(keyFile(), 'utf8'))).toMatchObject({ version: 3 });
  expect((await openWallet({ dataDirectory, passphrase: 'correct horse' })).address).toBe(address);
  await expect(openWallet({ dataDirectory })).rejects.toThrow(failure('WALLET_PASSPHRASE', 'no passphrase was given'));
  await expect(openWallet({ dataDirectory, passphrase: 'wrong' })).rejects.toThrow(
    failure('WALLET_PASSPHRASE', 'does not open'),
  );
});

test('a key without a passphrase is encrypted when one is given', async () => {
  const { address } = await openWallet({ dataDirectory });
  const { privateKey } = JSON.parse(readFileSync(keyFile(), 'utf8'));
  expect((await openWallet({ dataDirectory, passphrase: 'new', ...cheap })).address).toBe(address);
  expect(readFileSync(keyFile(), 'utf8')).not.toContain(privateKey.slice(2));
  await expect(openWallet({ dataDirectory })).rejects.toThrow(failure('WALLET_PASSPHRASE', ''));
});

test.skipIf(isWindows)('a key file that others can read or write is refused', async () => {
  await openWallet({ dataDirectory });
  for (const mode of [0o640, 0o604, 0o660, 0o620]) {
    chmodSync(keyFile(), mode);
    await expect(openWallet({ dataDirectory })).rejects.toThrow(failure('WALLET_PERMISSIONS', 'chmod 600'));
  }
});

test.each([
  ['no JSON', () => 'not json'],
  ['a key that is none', (content: string) => content.replace(/0x[0-9a-f]{64}/, '0x00')],
  ['another address', (content: string) => content.replace(/"0x[0-9a-fA-F]{40}"/, `"0x${'1'.repeat(40)}"`)],
  ['a later version', (content: string) => content.replace('"version":1', '"version":2')],
])('a wallet file with %s is refused, kept as it is, and its key is not in the message', async (_what, spoil) => {
  await openWallet({ dataDirectory });
  const content = readFileSync(keyFile(), 'utf8');
  const { privateKey } = JSON.parse(content);
  writeFileSync(keyFile(), spoil(content));
  const error = await openWallet({ dataDirectory }).catch((thrown: unknown) => thrown);
  expect(error).toEqual(failure('WALLET_CORRUPT', 'not a wallet file'));
  expect(String(error)).not.toContain(privateKey.slice(2));
  expect(readFileSync(keyFile(), 'utf8')).toBe(spoil(content));
});
