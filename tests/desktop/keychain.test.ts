/** Electron's safeStorage behind the core's question: what it protects nothing with is refused, with cause and fix. */
import { EventEmitter } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseFromCore, parseToCore } from '../../main/desktop/core-messages.ts';
import { createKeychainHost } from '../../main/desktop/keychain-host.ts';
import type { KeychainStorage } from '../../main/desktop/keychain-host.ts';
import { createKeychainLink } from '../../main/desktop/keychain-link.ts';
import type { KeychainAnswer, KeychainQuestion } from '../../main/desktop/keychain-messages.ts';
import { runWalletCommand } from '../../main/desktop/wallet-command.ts';
import { createKeychainKeyStore, describeWallet, openWallet } from '../../main/payment/index.ts';
import { createFakeSafeStorage, createFakeTime, settle } from './electron-fakes.ts';

const seal: KeychainQuestion = { kind: 'keychain', id: 1, action: 'seal', text: 'a secret' };

function createLink() {
  const time = createFakeTime();
  const asked: KeychainQuestion[] = [];
  const link = createKeychainLink({ send: (question) => asked.push(question), schedule: time.schedule });
  const say = (answer: object): void => link.receive({ kind: 'keychain-answer', ...answer } as KeychainAnswer);
  return { link, asked, time, say };
}

function failAtOnce(): never {
  throw new Error('not on this system');
}

describe("Electron's main process", () => {
  test('seals and opens by the asynchronous calls', async () => {
    const answer = createKeychainHost(createFakeSafeStorage(), 'linux');
    const sealed = await answer(seal);
    expect(sealed).toMatchObject({ ok: true, isStale: false });
    const text = sealed.ok ? sealed.text : '';
    expect(text).not.toContain('secret');
    expect(await answer({ ...seal, action: 'open', text })).toEqual({ ok: true, text: 'a secret', isStale: false });
  });

  test.each<[string, NodeJS.Platform, Partial<KeychainStorage>, RegExp]>([
    [
      'basic_text',
      'linux',
      { getSelectedStorageBackend: () => 'basic_text' },
      /everybody knows.*KWallet.*HEARTH_PASSPHRASE/,
    ],
    ['unknown', 'linux', { getSelectedStorageBackend: () => 'unknown' }, /"unknown".*Install and unlock/],
    ['locked', 'darwin', { isAsyncEncryptionAvailable: () => Promise.resolve(false) }, /locked or not there\. Unlock/],
    [
      'failing',
      'win32',
      { encryptStringAsync: () => Promise.reject(new Error('a secret')) },
      /failed when it was asked/,
    ],
    ['failing at once', 'win32', { isAsyncEncryptionAvailable: () => Promise.reject(new Error('x')) }, /failed when/],
  ])('refuses a keychain that is %s, with cause and fix', async (_what, platform, changes, message) => {
    const answer = createKeychainHost({ ...createFakeSafeStorage(), ...changes }, platform);
    const outcome = await answer(seal);
    expect(outcome).toEqual({ ok: false, code: 'unavailable', message: expect.stringMatching(message) });
    expect(JSON.stringify(outcome)).not.toContain('a secret');
  });

  test('asks only Linux for its backend', async () => {
    const storage = { ...createFakeSafeStorage(), getSelectedStorageBackend: failAtOnce };
    const answer = createKeychainHost(storage, 'darwin');
    expect(await answer(seal)).toMatchObject({ ok: true });
  });

  test('says that what it did not seal is foreign, without the words of the system', async () => {
    const answer = createKeychainHost(createFakeSafeStorage(), 'linux');
    const outcome = await answer({ ...seal, action: 'open', text: 'bm90aGluZw==' });
    expect(outcome).toEqual({ ok: false, code: 'foreign', message: 'it was not sealed by the keychain of this user' });
  });

  test('hands on that the secret should be sealed anew', async () => {
    const storage = createFakeSafeStorage({ shouldReEncrypt: true });
    const answer = createKeychainHost(storage, 'linux');
    const sealed = await answer(seal);
    expect(await answer({ ...seal, action: 'open', text: sealed.ok ? sealed.text : '' })).toMatchObject({
      isStale: true,
    });
  });
});

describe('the core', () => {
  test('matches answers to questions, whatever their order', async () => {
    const { link, asked, say } = createLink();
    const sealing = link.seal('one');
    const opening = link.open('two');
    expect(asked.map(({ id, action, text }) => [id, action, text])).toEqual([
      [1, 'seal', 'one'],
      [2, 'open', 'two'],
    ]);
    say({ id: 7, ok: true, text: 'nobody asked', isStale: false });
    say({ id: 2, ok: true, text: 'opened', isStale: true });
    say({ id: 1, ok: true, text: 'sealed', isStale: false });
    expect(await Promise.all([sealing, opening])).toEqual(['sealed', { secret: 'opened', isStale: true }]);
  });

  test('hears why there is no keychain, and what is foreign', async () => {
    const { link, say } = createLink();
    const unavailable = { ok: false, code: 'unavailable', message: 'it is locked. Unlock it.' };
    const questions = [link.seal('one'), link.open('two'), link.open('three'), link.seal('four')];
    say({ id: 1, ...unavailable });
    say({ id: 2, ...unavailable });
    say({ id: 3, ok: false, code: 'foreign', message: '' });
    say({ id: 4, ok: false, code: 'foreign', message: 'odd' });
    const refused = expect.objectContaining({ code: 'KEYCHAIN_UNAVAILABLE' });
    const outcomes = await Promise.allSettled(questions);
    expect(outcomes).toEqual([
      { status: 'rejected', reason: refused },
      { status: 'rejected', reason: refused },
      { status: 'fulfilled', value: null },
      { status: 'rejected', reason: refused },
    ]);
  });

  test('does not wait for ever', async () => {
    const { link, time } = createLink();
    const sealing = link.seal('one');
    time.advance(120_000);
    await expect(sealing).rejects.toMatchObject({
      code: 'KEYCHAIN_UNAVAILABLE',
      message: expect.stringMatching('within 120 s'),
    });
  });
});

test('messages about the keychain are read whole or not at all', () => {
  expect(parseFromCore(seal)).toEqual(seal);
  const answers = [
    { kind: 'keychain-answer', id: 1, ok: true, text: 't', isStale: false },
    { kind: 'keychain-answer', id: 2, ok: false, code: 'foreign', message: 'm' },
  ];
  for (const answer of answers) expect(parseToCore(answer)).toEqual(answer);
  const bad = { name: 'DesktopError', code: 'BAD_MESSAGE' };
  for (const change of [{ id: 'x' }, { action: 'read' }, { text: 1 }, { text: 'x'.repeat(16_385) }]) {
    expect(() => parseFromCore({ ...seal, ...change })).toThrow(expect.objectContaining(bad));
  }
  for (const change of [
    { id: null },
    { ok: 1 },
    { text: null },
    { isStale: 'no' },
    { ok: false },
    { ok: false, code: 'x' },
  ]) {
    expect(() => parseToCore({ ...answers[0], ...change })).toThrow(expect.objectContaining(bad));
  }
});

describe('the wallet on the desktop command line', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-desktop-wallet-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const dataDirectory = join(folder, 'data');

  /** Runs the action against a main process with this keychain. */
  async function run(
    kind: 'export' | 'verify' | 'import',
    backupPassphrase: string | undefined,
    storage = createFakeSafeStorage(),
  ) {
    const answer = createKeychainHost(storage, 'linux');
    const said: string[] = [];
    const codes: number[] = [];
    const parentPort = Object.assign(new EventEmitter(), {
      postMessage(message: unknown): void {
        const parsed = parseFromCore(message);
        if (parsed.kind === 'failed') said.push(parsed.message);
        if (parsed.kind !== 'keychain') return;
        void answer(parsed).then((outcome) =>
          parentPort.emit('message', { data: { kind: 'keychain-answer', id: parsed.id, ...outcome }, ports: [] }),
        );
      },
    });
    await runWalletCommand({
      parentPort,
      action: { kind, file: join(folder, 'backup.json') },
      dataDirectory,
      passphrase: undefined,
      backupPassphrase,
      scryptCost: 2,
      exit: (code) => codes.push(code),
      log: (sentence) => said.push(sentence),
    });
    return { code: codes[0], said: said.join('\n') };
  }

  test('takes along a key that only the keychain opens, and proves the backup', async () => {
    const storage = createFakeSafeStorage();
    const answer = createKeychainHost(storage, 'linux');
    const link = createKeychainLink({
      send: (question) =>
        void answer(question).then((outcome) => link.receive({ kind: 'keychain-answer', id: question.id, ...outcome })),
      schedule: () => () => {},
    });
    const { address } = await openWallet({ dataDirectory, keyStore: createKeychainKeyStore(link) });
    await settle();
    expect(await run('export', undefined)).toMatchObject({
      code: 1,
      said: expect.stringMatching(/HEARTH_BACKUP_PASSPHRASE/),
    });
    const locked = { ...storage, getSelectedStorageBackend: () => 'basic_text' as const };
    expect(await run('export', 'vault', locked)).toMatchObject({
      code: 1,
      said: expect.stringMatching(/not exported: .*basic_text/),
    });
    expect(await run('export', 'vault')).toMatchObject({
      code: 0,
      said: expect.stringMatching(new RegExp(`Wrote the key of ${address}`)),
    });
    expect(readFileSync(join(folder, 'backup.json'), 'utf8')).toContain('"version":3');
    expect(await run('export', 'vault')).toMatchObject({ code: 1, said: expect.stringMatching(/EEXIST/) });
    expect(await run('verify', 'wrong')).toMatchObject({
      code: 1,
      said: expect.stringMatching(/not checked: the passphrase does not open/),
    });
    expect(await run('verify', 'vault')).toMatchObject({
      code: 0,
      said: expect.stringMatching(new RegExp(`holds the key of ${address}`)),
    });

    // A keychain that was reset: the backup brings the key back, sealed anew.
    rmSync(join(dataDirectory, 'wallet.json'));
    expect(await run('import', 'wrong')).toMatchObject({
      code: 1,
      said: expect.stringMatching(/not imported: the pass/),
    });
    expect(await run('import', 'vault')).toMatchObject({
      code: 0,
      said: expect.stringMatching(new RegExp(`The wallet is ${address} now`)),
    });
    expect(describeWallet(dataDirectory)).toEqual({ address, sealedBy: "the system's keychain" });
  });
});
