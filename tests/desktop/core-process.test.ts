import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { afterAll, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'hearth-core-process-'));
afterAll(() => rmSync(folder, { recursive: true }));
const parent = fileURLToPath(new URL('core-process-parent.mjs', import.meta.url));

/** The core in a process of its own, with what it said to the shell and to a dashboard. */
function runCoreProcess(...parameters: string[]): Promise<{ code: number | null; said: object[]; log: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', parent, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 20_000,
    });
    let output = '';
    let log = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
    child.on('error', reject);
    child.on('close', (code) => {
      const lines = output.split('\n').filter((line) => line !== '');
      resolve({ code, said: lines.map((line) => JSON.parse(line) as object), log });
    });
  });
}

test('the core starts a whole node on the worker it is given, and stops when asked', async () => {
  const { code, said, log } = await runCoreProcess(`--data-dir=${join(folder, 'one')}`);
  expect(code, log).toBe(0);
  expect(said[0]).toEqual({ state: 'starting', adapter: null });
  // No chain is configured, which the state says.
  expect(said).toContainEqual({ state: 'blocked', adapter: 'Test card' });
  expect(log).toContain('Using Test card (chromium).');
  expect(readFileSync(join(folder, 'one', 'wallet.json'), 'utf8')).toContain('"sealedBy":"keychain"');
});

test.each([
  ['settings that are wrong', { prices: 1 }, [], /settings\.json: "prices" is not known/],
  [
    'a chain without its token',
    {},
    ['--rpc-url=http://127.0.0.1:1'],
    /the command line: chain\.token must be an address/,
  ],
])('%s end the core with a sentence for the tray', async (_what, settings, parameters, sentence) => {
  writeFileSync(join(folder, 'settings.json'), JSON.stringify(settings));
  const { code, said } = await runCoreProcess(`--data-dir=${folder}`, ...parameters);
  expect([code, said.length]).toEqual([1, 1]);
  expect(said[0]).toMatchObject({ toShell: { kind: 'failed', message: expect.stringMatching(sentence) } });
});

test('the desktop builds: Electron is asked for by the main process only, packages stay outside', async () => {
  const result = await build({ configFile: 'vite.desktop.config.ts', logLevel: 'error', build: { write: false } });
  const { output } = Array.isArray(result) ? result[0]! : (result as Exclude<typeof result, { close(): unknown }>);
  const chunks = output.filter((item) => item.type === 'chunk');
  const entries = chunks.filter(({ isEntry }) => isEntry).map(({ fileName }) => fileName);
  expect(entries.toSorted()).toEqual(['core-process.js', 'main.js']);
  const importers = chunks.filter(({ imports }) => imports.includes('electron')).map(({ fileName }) => fileName);
  expect(importers).toEqual(['main.js']);
  const core = chunks.find(({ fileName }) => fileName === 'core-process.js')!;
  expect(core.imports).toEqual(expect.arrayContaining(['libp2p', 'ethers']));
  expect(core.code).toMatch(/0x[0-9a-f]{64}/);
});
