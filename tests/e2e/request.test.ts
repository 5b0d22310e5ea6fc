/** The command `hearth request`, as a buyer meets it. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decode } from 'fast-png';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startApiServer } from '../../main/headless/api-server.ts';
import { embeddedScenePath } from '../../main/headless/project-files.ts';
import { createNodeSource } from '../fixtures/ui/node-source.ts';
import { workingSnapshot } from '../fixtures/ui/snapshots.ts';
import type { ToySeller } from '../requester/toy-seller.ts';
import { toyModelSha256 } from '../requester/toy-worker.ts';
import { chat, checkReceipts, openRequestMarket } from './request-market.ts';

const market = await openRequestMarket();
const { one, two, addBuyer, held, hearth, request } = market;
afterAll(() => market.close());

test('an answer is bought after the deposit is agreed to, and the next one needs no deposit', async () => {
  const folder = await addBuyer('chat');
  const unasked = await request(folder, chat);
  expect(unasked).toMatchObject({ exitCode: 3, stdout: '' });
  expect(unasked.stderr).toMatch(/one \(\S+\) does 60 tokens for at most 0\.0006 USDC\./);
  expect(unasked.stderr).toMatch(/0\.0006 USDC must be deposited into a channel with one; gas for it is about/);
  expect(unasked.stderr).toContain('was not agreed to; in a script give --yes');
  const bought = await request(folder, [...chat, '--yes', '--deposit', '0.01']);
  expect(bought.exitCode, bought.stderr).toBe(0);
  expect(bought.stdout).toMatch(/^[a-z]{30,60}\n$/);
  expect(bought.stderr).toMatch(/one \(\S+\): 60 tokens for 0\.0006 USDC, accepted[\s\S]*Paid 0\.0006 USDC\./);
  // Dialled by its address, and nobody else.
  const address = one.network.addresses()[0]!;
  const again = await request(folder, [...chat, '--json', '--provider', address], { sellers: [] });
  expect(again.exitCode, again.stderr).toBe(0);
  expect(again.stderr).toContain('have room for it: nothing is deposited');
  const events = again.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(events.at(0)).toMatchObject({ event: 'plan', deposit: '0' });
  const summary = { event: 'summary', text: bought.stdout.trim(), paid: '600', finished: 'length' };
  expect(events.at(-1)).toMatchObject(summary);
  expect(await held(folder)).toBe(990_000n);
  checkReceipts(folder, 2);
  // What is left comes back without a node that runs.
  const away = await hearth(folder, ['refund'], { sellers: [] });
  expect(away).toMatchObject({ exitCode: 3, stdout: expect.stringContaining('UNREACHABLE') });
  const back = await hearth(folder, ['refund']);
  expect(back).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^0x\w{64} {2}gave back 0\.0088\n$/) });
  expect(await held(folder)).toBe(998_800n);
}, 30_000);

test('a picture is bought from everybody, shown as it comes, and written as asked', async () => {
  const folder = await addBuyer('picture');
  const [out, preview] = [join(folder, 'picture.png'), join(folder, 'preview.png')];
  const words = ['render', embeddedScenePath, '--size', '80x48', '--samples', '4', '--depth', '16', '--yes', '--json'];
  const bought = await request(folder, [...words, '--out', out, '--preview', preview], { sellers: [one, two] });
  expect(bought.exitCode, bought.stderr).toBe(0);
  expect(bought.stderr).toMatch(/must be deposited into 2 channels[\s\S]*100 %/);
  const events = bought.stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const summary = events.at(-1);
  expect(summary).toMatchObject({ event: 'summary', out });
  // 80 x 48 x 4 samples at a tenth of a unit, each part rounded up once.
  expect(summary.parts.map(({ name }: { name: string }) => name).toSorted()).toEqual(['one', 'two']);
  expect(Number(summary.paid)).toBeGreaterThanOrEqual(1_536);
  expect(Number(summary.paid)).toBeLessThanOrEqual(1_538);
  expect(decode(readFileSync(out))).toMatchObject({ width: 80, height: 48, depth: 16 });
  expect(decode(readFileSync(preview))).toMatchObject({ width: 80, height: 48, depth: 8 });
  expect(existsSync(`${preview}.new`)).toBe(false);
  checkReceipts(folder, 2);
}, 30_000);

test('the frames of an animation are held to one limit together', async () => {
  const folder = await addBuyer('frames');
  const words = ['render', '--size', '16x16', '--samples', '1', '--frames', '1-2', '--yes'];
  // A frame of 256 samples costs 26 millionths.
  const bought = await request(folder, [...words, '--out', join(folder, 'f-#.png'), '--max-price', '0.00004']);
  expect(bought).toMatchObject({ exitCode: 3, stdout: `Wrote ${join(folder, 'f-1.png')}\n` });
  expect(bought.stderr).toContain('the cheapest offer is 0.000026 USDC, --max-price allows 0.000014 USDC');
  expect([1, 2].map((frame) => existsSync(join(folder, `f-${frame}.png`)))).toEqual([true, false]);
}, 30_000);

test('beside a node that runs on the folder nothing is bought, and it is said what to do', async () => {
  const folder = await addBuyer('node');
  const server = await startApiServer({ api: createNodeSource(workingSnapshot), dataDirectory: folder });
  const refused = await request(folder, [...chat, '--yes']);
  await server.close();
  expect(refused).toMatchObject({ exitCode: 1, stdout: '' });
  expect(refused.stderr).toMatch(/a node runs on .* stop it first, or buy from a folder of its own with --data-dir/);
});

test('Ctrl-C pays for what came, and the channel serves the next request', async () => {
  const folder = await addBuyer('interrupted');
  const interrupt = new AbortController();
  const long = [...chat.slice(0, -1), '4000', '--yes'];
  const stopped = await request(folder, long, {
    signal: interrupt.signal,
    onText: () => interrupt.abort(new DOMException('stopped by SIGINT', 'AbortError')),
  });
  expect(stopped.exitCode, stopped.stderr).toBe(130);
  expect(stopped.stdout).toMatch(/^[a-z]+\n$/);
  expect(stopped.stderr).toMatch(/one \(\S+\): \d+ tokens for 0\.00\d+ USDC, accepted[\s\S]*Paid 0\.00/);
  checkReceipts(folder, 1);
  const next = await request(folder, chat);
  expect(next.exitCode, next.stderr).toBe(0);
  expect(next.stderr).toContain('nothing is deposited');
  expect(next.stderr).not.toContain('cut off');
}, 30_000);

test('a provider that goes away in the middle is replaced, the answer is the same, and each part has its receipt', async () => {
  const folder = await addBuyer('lost');
  let calls = 0;
  // The cheaper one, so it is asked first.
  const fleeting = await market.addSeller('fleeting', {
    prices: { chat: 9_000_000n, render: 1n },
    before: async (kind) => {
      if (kind === 'next-tokens' && (calls += 1) === 4) await fleeting.network.stop();
    },
  });
  const bought = await request(folder, [...chat, '--yes'], { sellers: [fleeting, one] });
  expect(bought.exitCode, bought.stderr).toBe(0);
  expect(bought.stderr).toMatch(
    /Agreed with fleeting[\s\S]*Lost fleeting: [\s\S]*Agreed with one on up to \d\d tokens/,
  );
  expect(bought.stderr).toMatch(/fleeting \(\S+\): \d+ tokens for \S+ USDC, partial[\s\S]*one \(\S+\): \d+ tokens for/);
  checkReceipts(folder, 2);
  const undisturbed = await request(folder, [...chat, '--yes']);
  expect(bought.stdout).toBe(undisturbed.stdout);
}, 30_000);

describe('a request that cannot be had', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await addBuyer('poor', 599n);
  });
  const unknown = ['chat', '--prompt', 'x', '--model', 'ee'.repeat(32)];
  const picture = ['render', '--size', '16x16', '--samples', '1', '--out'];
  const table: [string, readonly string[], readonly (() => ToySeller)[], number, RegExp][] = [
    [
      'nobody there',
      [...chat, '--wait', '0'],
      [],
      3,
      /no provider was found within 0 s; name one with --provider or --bootstrap MULTIADDR/,
    ],
    [
      'nobody with the model',
      [...unknown, '--wait', '0'],
      [() => one, () => two],
      3,
      /no provider takes it \(model ee+\): one: UNKNOWN_MODEL.*two: UNKNOWN_MODEL.*ask one to add it/,
    ],
    [
      'nobody of that name',
      [...chat, '--wait', '0', '--provider', `16Uiu2HA${'m'.repeat(45)}`],
      [() => one],
      3,
      /no provider was found within 0 s/,
    ],
    [
      'nobody at that address',
      [...chat, '--provider', '/ip4/127.0.0.1/tcp/9'],
      [],
      1,
      /\/ip4\/127\.0\.0\.1\/tcp\/9 cannot be reached/,
    ],
    [
      'dearer than allowed',
      [...chat, '--max-price', '0.000599'],
      [() => one],
      3,
      /the cheapest offer is 0\.0006 USDC, --max-price allows 0\.000599 USDC; raise it, or ask for less/,
    ],
    [
      'a deposit above its limit',
      [...chat, '--deposit', '0.0001'],
      [() => one],
      3,
      /the channels need 0\.0006 USDC more, --deposit allows 0\.0001 USDC/,
    ],
    [
      'too little money',
      [...chat, '--yes'],
      [() => one],
      3,
      /the deposit is 0\.0006 USDC, the wallet holds 0\.000599 USDC; send USDC to 0x\w{40} on chain 31337/,
    ],
    [
      'a request no node may take',
      ['chat', '--prompt', 'x'.repeat(70_000), '--model', toyModelSha256],
      [() => one],
      2,
      /content/,
    ],
    [
      'a picture into nowhere',
      [...picture, `${fileURLToPath(import.meta.url)}/p.png`],
      [() => one],
      1,
      /--out: cannot write/,
    ],
  ];
  test.each(table)('%s: one sentence that says what to do', async (_, words, sellers, exitCode, sentence) => {
    const ran = await request(folder, words, { sellers: sellers.map((seller) => seller()) });
    expect({ exitCode: ran.exitCode, stdout: ran.stdout }, ran.stderr).toEqual({ exitCode, stdout: '' });
    expect(ran.stderr).toMatch(sentence);
    expect(await held(folder)).toBe(599n);
  });
});
