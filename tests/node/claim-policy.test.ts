/** What the owner is told, and when: reminders at once and soon again, the chain at every look. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { remindOfBackup } from '../../main/node/backup-reminder.ts';
import { createClaimPolicy } from '../../main/node/claim-policy.ts';
import { createKeychainKeyStore, openWallet } from '../../main/payment/index.ts';
import { createNewWallet, exportWallet, verifyBackup } from '../../main/payment/wallet-keeping.ts';
import type { NodeAlarm } from '../../protocol/node-api.ts';

let dataDirectory: string;
beforeEach(() => {
  vi.useFakeTimers();
  dataDirectory = mkdtempSync(join(tmpdir(), 'hearth-policy-'));
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(dataDirectory, { recursive: true });
});

const down: NodeAlarm = {
  code: 'ENDPOINT_DOWN',
  severity: 'warning',
  message: 'One is down.',
  fix: 'Replace it.',
  sinceMs: 1,
};
const closing: NodeAlarm = {
  code: 'CHANNEL_CLOSING',
  severity: 'urgent',
  message: 'It closes.',
  fix: 'Claim.',
  sinceMs: 2,
};
const safe: NodeAlarm = { ...closing, severity: 'notice', message: 'It closes, claimed.' };

function openPolicy(options: { remind?: () => readonly NodeAlarm[]; seen?: NodeAlarm[] } = {}) {
  const seen = options.seen ?? [];
  const log: string[] = [];
  let changes = 0;
  let claimed = 0n;
  const policy = createClaimPolicy({
    watch: {
      alarms: seen,
      look: () => Promise.resolve({ claimed, settled: 0n, channels: 2, transactionHashes: [] }),
    },
    ...(options.remind === undefined ? {} : { remind: options.remind }),
    log: (line) => log.push(line),
    onChange: () => (changes += 1),
  });
  return {
    policy,
    log,
    seen,
    claim: (amount: bigint) => (claimed = amount),
    get changes() {
      return changes;
    },
  };
}

test('a reminder stands before the chain has been asked, and the most urgent comes first', async () => {
  const { policy, seen, log } = openPolicy({ remind: () => [down] });
  expect(policy.alarms).toEqual([down]);
  seen.push(safe, closing);
  await policy.look();
  expect(policy.alarms).toEqual([closing, down, safe]);
  // Each is said once, with what to do.
  expect(log).toEqual(['One is down. Replace it.', 'It closes. Claim.', 'It closes, claimed. Claim.']);
  seen.length = 0;
  await policy.look();
  expect([policy.alarms, log.length]).toEqual([[down], 3]);
  policy.close();
});

test('the chain is looked at every five minutes, and what was claimed is said', async () => {
  const watched = openPolicy();
  await vi.advanceTimersByTimeAsync(1);
  watched.claim(1_500_000n);
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  expect(watched.log).toEqual(['Claimed 1.50 USDC on 2 channels.']);
  expect(watched.changes).toBe(2);
  watched.policy.close();
  await vi.advanceTimersByTimeAsync(60 * 60_000);
  expect(watched.changes).toBe(2);
});

test('a backup is asked for from the start, and no more soon after one has been proven', async () => {
  const scryptCost = 2;
  const address = await createNewWallet({ dataDirectory });
  const { policy } = openPolicy({ remind: remindOfBackup(dataDirectory, address) });
  expect(policy.alarms).toMatchObject([
    { code: 'WALLET_NOT_BACKED_UP', severity: 'warning', fix: expect.stringContaining('hearth wallet export FILE') },
  ]);
  const path = join(dataDirectory, 'backup.json');
  await exportWallet({ dataDirectory, scryptCost }, { path, passphrase: 'vault' });
  await vi.advanceTimersByTimeAsync(15_000);
  expect(policy.alarms).toHaveLength(1);
  await verifyBackup({ dataDirectory, scryptCost }, { path, passphrase: 'vault' });
  await vi.advanceTimersByTimeAsync(15_000);
  expect(policy.alarms).toEqual([]);
  policy.close();
});

test('the desktop is told its own way to a backup; a file that cannot be read is no proof and no crash', async () => {
  const keyStore = createKeychainKeyStore({
    seal: (secret) => Promise.resolve(secret),
    open: (secret) => Promise.resolve({ secret, isStale: false }),
  });
  const { address } = await openWallet({ dataDirectory, keyStore });
  const remind = remindOfBackup(dataDirectory, address, 7);
  expect(remind()).toMatchObject([{ fix: expect.stringContaining('--export-wallet FILE'), sinceMs: 7 }]);
  writeFileSync(join(dataDirectory, 'wallet-settings.json'), '{');
  rmSync(join(dataDirectory, 'wallet.json'));
  mkdirSync(join(dataDirectory, 'wallet.json'), { mode: 0o700 });
  expect(remind()).toMatchObject([{ code: 'WALLET_NOT_BACKED_UP' }]);
});
