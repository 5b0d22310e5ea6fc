/** Windows has no group and world bits: there a file's mode says nothing, and must not keep the wallet closed. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { openWallet } from '../../main/payment/index.ts';

vi.mock('node:process', async (importOriginal) => ({ ...(await importOriginal<object>()), platform: 'win32' }));

test('a wallet file opens whatever its mode says', async () => {
  const dataDirectory = mkdtempSync(join(tmpdir(), 'hearth-windows-'));
  const { address } = await openWallet({ dataDirectory });
  chmodSync(join(dataDirectory, 'wallet.json'), 0o644);
  expect((await openWallet({ dataDirectory })).address).toBe(address);
  rmSync(dataDirectory, { recursive: true });
});
