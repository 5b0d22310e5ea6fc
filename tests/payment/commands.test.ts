/** `hearth wallet`, `earnings` and `channels` on a data folder in which no node runs. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { commands } from '../../main/headless/commands/index.ts';
import { runCli } from '../../main/headless/run-cli.ts';
import { openLedger } from '../../main/ledger/index.ts';
import { acknowledge, bytes32, chunk, fillProvider, openChannel, openTask, receipt, voucher } from '../ledger/facts.ts';

let dataDirectory: string;

beforeEach(() => {
  dataDirectory = mkdtempSync(join(tmpdir(), 'hearth-commands-'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(dataDirectory, { recursive: true });
});

async function run(words: string) {
  let stdout = '';
  let stderr = '';
  const exitCode = await runCli([...words.split(' '), '--data-dir', dataDirectory], {
    commands,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
    signal: new AbortController().signal,
  });
  return { exitCode, stdout, stderr };
}

/** Two sales, one receipted and one acknowledged in part; one purchase; a price that does not divide. */
function fillLedger(): void {
  const ledger = openLedger({ path: join(dataDirectory, 'ledger.db') });
  fillProvider(ledger);
  ledger.append(openTask('provider', 3), voucher('provider', 3, 60n), chunk('provider', 3, 0), acknowledge(3, 1));
  ledger.append(chunk('provider', 3, 1), receipt('provider', 3, 13n));
  ledger.append(openTask('provider', 4));
  ledger.append(...openChannel('requester'), openTask('requester', 5));
  ledger.append({ kind: 'cover', role: 'requester', agreementHash: bytes32(5), coveredUnits: 10n });
  ledger.append(voucher('requester', 5, 10n), chunk('requester', 5, 0, 7n), receipt('requester', 5, 7n));
  ledger.close();
}

test('the CSV equals receipts and books to the last unit', async () => {
  fillLedger();
  const { exitCode, stdout } = await run('earnings --csv');
  expect(exitCode).toBe(0);
  const [names = '', ...lines] = stdout.trim().split('\n');
  const rows = lines.map((line) =>
    Object.fromEntries(line.split(',').map((value, index) => [names.split(',')[index], value])),
  );
  expect(rows).toMatchObject([
    { role: 'provider', units: '30', amount: '0.000020', amount_smallest_unit: '20', basis: 'acknowledged' },
    { role: 'provider', units: '13', amount: '0.000013', amount_smallest_unit: '13', basis: 'receipt' },
    { role: 'requester', units: '7', amount: '0.000007', amount_smallest_unit: '7', basis: 'receipt' },
  ]);
  const ledger = openLedger({ path: join(dataDirectory, 'ledger.db') });
  const sum = (role: string) =>
    rows
      .filter((row) => row['role'] === role)
      .reduce((total, row) => total + BigInt(row['amount_smallest_unit'] ?? 0), 0n);
  expect({ earned: sum('provider'), spent: sum('requester') }).toEqual({
    earned: ledger.totals().earned,
    spent: ledger.totals().spent,
  });
  ledger.close();
});

test('the CSV has more than a page, and what was restored without its tasks', async () => {
  fillLedger();
  rmSync(join(dataDirectory, 'ledger.db'));
  const ledger = openLedger({ path: join(dataDirectory, 'ledger.db') });
  ledger.append({
    kind: 'deposit',
    role: 'provider',
    channelId: bytes32(1),
    balance: 9_999_999n,
    transactionHash: null,
  });
  for (let first = 10; first < 1_110; first += 100) {
    const tasks = Array.from({ length: 100 }, (_, index) => first + index);
    ledger.append(
      ...tasks.flatMap((task) => [
        openTask('provider', task),
        chunk('provider', task, 0, 3n),
        receipt('provider', task, 3n),
      ]),
    );
  }
  const { earned } = ledger.totals();
  ledger.close();
  const { stdout } = await run('earnings --csv');
  const amounts = stdout
    .trim()
    .split('\n')
    .slice(1)
    .filter((line) => line.includes(',provider,'))
    .map((line) => line.split(',')[6]);
  expect(amounts).toHaveLength(1_101);
  expect(amounts.reduce((sum, amount) => sum + BigInt(amount ?? 0), 0n)).toBe(earned);
  const { stdout: json } = await run('earnings --json');
  expect(JSON.parse(json)).toMatchObject({ earned: earned.toString() });
});

test('earnings and channels are told for people and for programs', async () => {
  fillLedger();
  expect((await run('earnings')).stdout).toMatch(/\+0\.00002 USDC {2}chat, 30 units[\s\S]*Earned 0\.000033 USDC/);
  const { stdout } = await run('channels --json');
  expect(JSON.parse(stdout)).toMatchObject([
    { role: 'provider', balance: '1000000', ceiling: '60', owed: '33', claimed: '0', closesAtMs: null },
    { role: 'requester', ceiling: '10', owed: '7' },
  ]);
  expect((await run('channels')).stdout).toMatch(/paid by 0x[\s\S]*paying 0x/);
});

test('without a ledger the commands say so, and make none', async () => {
  for (const words of ['earnings', 'channels', `channels --export ${dataDirectory}/out.json`]) {
    const { exitCode, stderr } = await run(words);
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: expect.stringContaining(': there is no ledger') });
  }
});

test('from a ledger that fails its check the vouchers are saved to a file', async () => {
  fillLedger();
  const path = join(dataDirectory, 'ledger.db');
  writeFileSync(path, readFileSync(path).fill(0x77, 4_096));
  expect((await run('channels')).stderr).toContain('hearth channels --export FILE');
  const { exitCode, stdout } = await run(`channels --export ${dataDirectory}/saved.json`);
  expect({ exitCode, stdout }).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('vouchers of 2 channels'),
  });
  const saved = JSON.parse(readFileSync(join(dataDirectory, 'saved.json'), 'utf8'));
  expect(saved.vouchers).toMatchObject([
    { role: 'provider', owed: '33', voucher: { maxClaimableAmount: '60', signature: '0x3c' } },
    { role: 'requester', voucher: { maxClaimableAmount: '10' } },
  ]);
});

test('a wallet’s life on the command line: made, backed up, proven, paid elsewhere', async () => {
  vi.stubEnv('HEARTH_PASSPHRASE', '');
  expect((await run('wallet show')).stdout).toContain('none yet');
  const { address } = JSON.parse((await run('wallet create --json')).stdout);
  expect((await run('wallet create')).stderr).toContain('holds the wallet');
  const backup = `${dataDirectory}/backup.json`;
  expect(await run(`wallet export ${backup}`)).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('HEARTH_BACKUP'),
  });
  vi.stubEnv('HEARTH_BACKUP_PASSPHRASE', 'vault');
  expect((await run(`wallet export ${backup}`)).stdout).toContain(address);
  expect((await run(`wallet export ${backup}`)).stderr).toContain('is there already');
  expect((await run(`wallet verify-backup ${backup}`)).stdout).toContain(`holds the key of ${address}`);
  const vault = '0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913';
  expect((await run(`wallet set-payout ${vault}`)).stdout).toContain(vault);
  expect(JSON.parse((await run('wallet show --json')).stdout)).toMatchObject({
    wallet: { address, sealedBy: 'nothing but the file mode' },
    payoutAddress: vault,
    backupVerifiedAtMs: expect.any(Number),
  });
  expect((await run('wallet set-payout self')).stdout).toContain('the wallet itself');
  expect((await run('wallet show')).stdout).toMatch(/Paid to {2}the wallet itself\nBackup {3}proven 20/);
  expect((await run(`wallet import ${backup}`)).stderr).toContain('export it first');
  expect((await run(`wallet import --replace ${backup}`)).stdout).toContain(`The wallet is ${address} now.`);
  expect((await run('wallet import nowhere.json')).stderr).toContain('nowhere.json cannot be used: there is no such');
  expect((await run(`wallet import ${dataDirectory}`)).stderr).toContain('it is a folder');
  expect((await run(`wallet export ${dataDirectory}/missing/backup.json`)).stderr).toContain(
    'there is no such file or folder',
  );
  // Another key in its place: the proof was of the old one, whose earnings are its own.
  const other = `${dataDirectory}/other.txt`;
  writeFileSync(other, `0x${'5e'.repeat(32)}`);
  const imported = (await run(`wallet import --replace ${other}`)).stdout;
  expect(imported).toContain(`What ${address} earned is claimed with its key only`);
  expect((await run('wallet show')).stdout).toContain('proven never');
  // Full-strength scrypt, several times.
}, 90_000);

test('the passphrase of the wallet is changed by the command line, never on it', async () => {
  vi.stubEnv('HEARTH_PASSPHRASE', '');
  await run('wallet create');
  expect(await run('wallet passphrase')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('HEARTH_NEW_PASSPHRASE'),
  });
  vi.stubEnv('HEARTH_NEW_PASSPHRASE', 'next');
  expect((await run('wallet passphrase')).stdout).toContain('a new passphrase');
  expect((await run('wallet passphrase --none')).stderr).toContain('no passphrase was given');
  vi.stubEnv('HEARTH_PASSPHRASE', 'next');
  expect((await run('wallet passphrase --none')).stdout).toContain('no passphrase now');
}, 30_000);
