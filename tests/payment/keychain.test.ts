/** The key in the desktop's keychain: the keychain sees a secret, never the key. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PaymentError, createKeychainKeyStore, describeWallet, openWallet } from '../../main/payment/index.ts';
import type { Keychain } from '../../main/payment/index.ts';
import { createNewWallet, exportWallet, importWallet, verifyBackup } from '../../main/payment/wallet-keeping.ts';

let folder: string;
let dataDirectory: string;
const scryptCost = 2;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hearth-keychain-'));
  dataDirectory = join(folder, 'data');
});

afterEach(() => rmSync(folder, { recursive: true }));

function failure(code: string, message = '') {
  return expect.objectContaining({ name: 'PaymentError', code, message: expect.stringContaining(message) });
}

function walletFile(): string {
  return readFileSync(join(dataDirectory, 'wallet.json'), 'utf8');
}

function turn(text: string): string {
  return text.split('').toReversed().join('');
}

/** A keychain that seals by turning the text around, and remembers what it was given. */
function keychainOf(changes: Partial<Keychain> = {}) {
  const seen: string[] = [];
  const keychain: Keychain = {
    seal(secret) {
      seen.push(secret);
      return Promise.resolve(turn(secret));
    },
    open: (sealed) => Promise.resolve({ secret: turn(sealed), isStale: false }),
    ...changes,
  };
  return { keyStore: createKeychainKeyStore(keychain), seen };
}

const refuse = () => Promise.reject(new PaymentError('KEYCHAIN_UNAVAILABLE', 'it is locked'));
const openStale: Keychain['open'] = (sealed) => Promise.resolve({ secret: turn(sealed), isStale: true });

function lockedKeychain() {
  return keychainOf({ seal: refuse, open: refuse }).keyStore;
}

test('a fresh key is sealed by the keychain and opens at the next start', async () => {
  const { keyStore, seen } = keychainOf();
  const { address } = await openWallet({ dataDirectory, keyStore });
  expect(describeWallet(dataDirectory)).toEqual({ address, sealedBy: "the system's keychain" });
  expect((await openWallet({ dataDirectory, keyStore })).address).toBe(address);
  // 32 bytes that are not the key.
  expect(seen.map((secret) => Buffer.from(secret, 'base64').length)).toEqual([32]);
});

test('the keychain never sees the key, and the file does not hold it', async () => {
  const key = `0x${'5e'.repeat(32)}`;
  const path = join(folder, 'key');
  writeFileSync(path, key);
  const { keyStore, seen } = keychainOf();
  await importWallet({ dataDirectory, keyStore }, { path });
  for (const text of [walletFile(), ...seen]) {
    expect(text).not.toContain(key.slice(2));
    expect(text).not.toContain(Buffer.from(key.slice(2), 'hex').toString('base64').slice(0, 20));
  }
});

describe('a wallet that was kept headless', () => {
  test.each([
    ['plain', undefined],
    ['under a passphrase', 'old'],
  ])('%s is sealed by the keychain at the first start of the desktop', async (_how, passphrase) => {
    const address = await createNewWallet({ dataDirectory, passphrase, scryptCost });
    const { keyStore } = keychainOf();
    expect((await openWallet({ dataDirectory, passphrase, keyStore, scryptCost })).address).toBe(address);
    expect(describeWallet(dataDirectory)).toEqual({ address, sealedBy: "the system's keychain" });
    expect((await openWallet({ dataDirectory, keyStore })).address).toBe(address);
  });

  test('under a passphrase that the desktop is not given is not touched', async () => {
    await createNewWallet({ dataDirectory, passphrase: 'old', scryptCost });
    const before = walletFile();
    const { keyStore } = keychainOf();
    await expect(openWallet({ dataDirectory, keyStore })).rejects.toThrow(
      failure('WALLET_PASSPHRASE', 'no passphrase was given'),
    );
    expect(walletFile()).toBe(before);
  });
});

describe('without a keychain that protects', () => {
  test('a fresh wallet is refused, and nothing is written', async () => {
    const opening = openWallet({ dataDirectory, keyStore: lockedKeychain() });
    await expect(opening).rejects.toThrow(failure('KEYCHAIN_UNAVAILABLE', 'locked'));
    expect(existsSync(join(dataDirectory, 'wallet.json'))).toBe(false);
  });

  test('a plain wallet is refused, and stays as it is', async () => {
    await createNewWallet({ dataDirectory });
    const before = walletFile();
    const opening = openWallet({ dataDirectory, keyStore: lockedKeychain() });
    await expect(opening).rejects.toThrow(failure('KEYCHAIN_UNAVAILABLE'));
    expect(walletFile()).toBe(before);
  });

  test('a key is not imported, and the wallet that is there stays in its place', async () => {
    const address = await createNewWallet({ dataDirectory });
    const path = join(folder, 'key');
    writeFileSync(path, `0x${'5e'.repeat(32)}`);
    const importing = importWallet({ dataDirectory, keyStore: lockedKeychain() }, { path, replace: true });
    await expect(importing).rejects.toThrow(failure('KEYCHAIN_UNAVAILABLE'));
    expect(describeWallet(dataDirectory)?.address).toBe(address);
  });

  test('a passphrase takes its place: for a fresh wallet, for a plain one, and for one it sealed before', async () => {
    const options = { dataDirectory, keyStore: lockedKeychain(), passphrase: 'mine', scryptCost };
    const { address } = await openWallet(options);
    expect(describeWallet(dataDirectory)).toEqual({ address, sealedBy: 'a passphrase' });
    const before = walletFile();
    expect((await openWallet(options)).address).toBe(address);
    expect(walletFile()).toBe(before);
    rmSync(dataDirectory, { recursive: true });
    const plain = await createNewWallet({ dataDirectory });
    expect((await openWallet(options)).address).toBe(plain);
    expect(describeWallet(dataDirectory)).toEqual({ address: plain, sealedBy: 'a passphrase' });
  });

  test('a disk that fails is not taken for a keychain that does', async () => {
    const broken = keychainOf({ seal: () => Promise.reject(new Error('EIO')) }).keyStore;
    const options = { dataDirectory, keyStore: broken, passphrase: 'mine', scryptCost };
    await expect(openWallet(options)).rejects.toThrow('EIO');
    await createNewWallet({ dataDirectory, passphrase: 'mine', scryptCost });
    await expect(openWallet(options)).rejects.toThrow('EIO');
  });
});

test('a secret that the keychain wants sealed anew is, under another secret; where it cannot, the old one stays', async () => {
  const fresh = keychainOf();
  const { address } = await openWallet({ dataDirectory, keyStore: fresh.keyStore });
  const before = walletFile();
  const locked = keychainOf({ open: openStale, seal: refuse });
  expect((await openWallet({ dataDirectory, keyStore: locked.keyStore })).address).toBe(address);
  expect(walletFile()).toBe(before);
  const stale = keychainOf({ open: openStale });
  expect((await openWallet({ dataDirectory, keyStore: stale.keyStore })).address).toBe(address);
  expect(walletFile()).not.toBe(before);
  expect([fresh.seen.length, stale.seen.length]).toEqual([1, 1]);
  expect(stale.seen).not.toEqual(fresh.seen);
});

describe('a wallet file that the keychain sealed', () => {
  test.each<[string, (file: Record<string, unknown>) => unknown]>([
    ['cut short', () => undefined],
    ['of a later version', (file) => ({ ...file, version: 2 })],
    ['without its secret', (file) => ({ ...file, secret: undefined })],
    ['with another address', (file) => ({ ...file, address: `0x${'1'.repeat(40)}` })],
    ['with another key', (file) => ({ ...file, encryptedKey: Buffer.alloc(32, 1).toString('base64') })],
    ['with a short tag', (file) => ({ ...file, tag: String(file['tag']).slice(0, 8) })],
    ['with another nonce', (file) => ({ ...file, nonce: Buffer.alloc(12).toString('base64') })],
    ['with an empty nonce', (file) => ({ ...file, nonce: '' })],
  ])('%s is refused with the way back, and kept', async (_what, spoil) => {
    const { keyStore } = keychainOf();
    await openWallet({ dataDirectory, keyStore });
    const path = join(dataDirectory, 'wallet.json');
    const spoilt = spoil(JSON.parse(walletFile()));
    writeFileSync(path, spoilt === undefined ? walletFile().slice(0, 60) : JSON.stringify(spoilt));
    const before = walletFile();
    await expect(openWallet({ dataDirectory, keyStore })).rejects.toThrow(failure('WALLET_CORRUPT', 'wallet import'));
    expect(walletFile()).toBe(before);
  });

  test.each<[string, Keychain['open']]>([
    ['another user or machine', () => Promise.resolve(null)],
    ['a keychain that gives another secret', () => Promise.resolve({ secret: turn('other'), isStale: false })],
  ])('is not opened by %s', async (_who, open) => {
    const { keyStore } = keychainOf();
    await openWallet({ dataDirectory, keyStore });
    const opening = openWallet({ dataDirectory, keyStore: keychainOf({ open }).keyStore });
    await expect(opening).rejects.toThrow(failure('WALLET_CORRUPT', 'does not open'));
  });

  test('is not opened on the command line, which says how to take the key along', async () => {
    const { keyStore } = keychainOf();
    const { address } = await openWallet({ dataDirectory, keyStore });
    const path = join(folder, 'backup.json');
    for (const passphrase of [undefined, 'guess']) {
      const opening = openWallet({ dataDirectory, passphrase });
      await expect(opening).rejects.toThrow(failure('KEYCHAIN_UNAVAILABLE', '--export-wallet FILE'));
      const exporting = exportWallet({ dataDirectory, passphrase }, { path, passphrase: 'vault' });
      await expect(exporting).rejects.toThrow(failure('KEYCHAIN_UNAVAILABLE'));
    }
    await exportWallet({ dataDirectory, keyStore, scryptCost }, { path, passphrase: 'vault' });
    expect(await verifyBackup({ dataDirectory }, { path, passphrase: 'vault' })).toBe(address);
  });
});
