/** The command `hearth request`, killed in the middle. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { openLedger } from '../../main/ledger/index.ts';
import { chat, openRequestMarket } from './request-market.ts';

const market = await openRequestMarket();
const { one, addBuyer, request, spawnRequest } = market;
afterAll(() => market.close());

test('killed in the middle, the next start says what was open and paid, and its provider serves it again', async () => {
  const folder = await addBuyer('killed');
  const long = [...chat.slice(0, -1), '4000', '--yes', '--json'];
  const child = spawnRequest(folder, long, [one]);
  let texts = 0;
  createInterface({ input: child.stdout! }).on('line', (line) => {
    if (JSON.parse(line).event === 'text' && (texts += 1) === 3) child.kill('SIGKILL');
  });
  await new Promise((resolve) => child.once('close', resolve));
  expect(texts).toBeGreaterThanOrEqual(3);
  const next = await request(folder, chat);
  expect(next.exitCode, next.stderr).toBe(0);
  const [, units, paid] =
    /An earlier request was cut off: the chat of \S+ with 0x\S+ (\d+) of 4000 units had arrived and cost (\S+) USDC/.exec(
      next.stderr,
    ) ?? [];
  expect(Number(units)).toBeGreaterThanOrEqual(3);
  expect(Number(paid) * 100_000).toBeCloseTo(Number(units));
  const ledger = openLedger({ path: join(folder, 'ledger.db') });
  const states = ledger.listTasks().map(({ state, unitsDone }) => [state, unitsDone]);
  expect(states).toEqual([
    ['receipted', '60'],
    ['receipted', units],
  ]);
  expect(ledger.undeliveredReceipts(one.wallet.address)).toEqual([]);
  ledger.close();
}, 30_000);

test('a picture that was killed in the middle goes on from the tiles that were there, and costs no more than it would have', async () => {
  const folder = await addBuyer('killed picture');
  const released = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  let calls = 0;
  const slow = await market.addSeller('slow', {
    before: async (kind) => {
      if (kind !== 'render-tile' || (calls += 1) < 4) return;
      reached.resolve();
      await released.promise;
    },
  });
  const words = ['render', '--size', '160x128', '--samples', '4', '--out', join(folder, 'picture.png'), '--yes'];
  const child = spawnRequest(folder, words, [slow]);
  const ended = new Promise((resolve) => child.once('close', resolve));
  await reached.promise;
  // 64 x 64 pixels of 16 bytes each, three of them; a pass more or less may be on its way.
  await expect.poll(() => keptBytes(folder), { timeout: 10_000 }).toBeGreaterThan(2 * 65_536);
  child.kill('SIGKILL');
  await ended;
  released.resolve();
  const next = await request(folder, words, { sellers: [slow] });
  expect(next.exitCode, next.stderr).toBe(0);
  const [, kept, left] = /got (\d+) samples: they are not bought again, (\d+) are left/.exec(next.stderr) ?? [];
  expect(Number(kept)).toBeGreaterThanOrEqual(2 * 64 * 64 * 4);
  expect(Number(kept) + Number(left)).toBe(160 * 128 * 4);
  const [, paid] = /Paid (\S+) USDC\./.exec(next.stderr) ?? [];
  expect(Number(paid) * 1e7).toBeCloseTo(Number(left), -2);
  const whole = await request(folder, [...words.slice(0, -2), join(folder, 'whole.png'), '--yes']);
  expect(whole.stderr).not.toContain('not bought again');
  expect(readFileSync(join(folder, 'picture.png'))).toEqual(readFileSync(join(folder, 'whole.png')));
}, 60_000);

/** What is there of unfinished pictures. */
function keptBytes(dataDirectory: string): number {
  const folder = join(dataDirectory, 'unfinished');
  if (!existsSync(folder)) return 0;
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
