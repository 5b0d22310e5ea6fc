/** The hot key is held by the node core alone: what the other processes run does not even contain the code that opens it. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { readImports, readSourceFiles, resolveRelative } from './source-files.ts';
import type { SourceFile } from './source-files.ts';

const projectDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');
const files = new Map(readSourceFiles(projectDirectory).map((file) => [file.path, file]));

/** Read, seal or use a private key. */
const keyHolders = ['key-store', 'keychain-key-store', 'wallet', 'wallet-file', 'wallet-keeping'].map(
  (name) => `main/payment/${name}.ts`,
);

/** Every module that runs when `entry` does; type imports leave nothing behind. */
function reachedFrom(entry: string): ReadonlySet<string> {
  const reached = new Set<string>();
  const waiting = [entry];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    const file = files.get(path);
    if (file === undefined || reached.has(path)) continue;
    reached.add(path);
    if (!path.endsWith('.wgsl')) waiting.push(...valueImports(file));
  }
  return reached;
}

function valueImports(file: SourceFile): string[] {
  return readImports(file).flatMap(({ specifier, isType }) => {
    const target = isType ? null : resolveRelative(file.path, specifier);
    return target === null ? [] : [target];
  });
}

test.each([
  ['the GPU worker on Node', 'worker/host/node.ts'],
  ['the GPU worker in Chromium', 'worker/host/chromium.ts'],
  ['the dashboard', 'renderer/src/main.tsx'],
  ["Electron's main process", 'main/desktop/main.ts'],
  ["the dashboard's preload", 'main/desktop/preload-dashboard.ts'],
  ["the worker window's preload", 'main/desktop/preload-worker.ts'],
  ['the local API', 'main/headless/api-server.ts'],
])('%s reaches no key', (_what, entry) => {
  expect(files.has(entry)).toBe(true);
  const reached = reachedFrom(entry);
  expect(reached.size).toBeGreaterThan(entry.includes('preload') ? 2 : 10);
  expect(keyHolders.filter((path) => reached.has(path))).toEqual([]);
});

test('the node core reaches it: a check that sees nothing must not pass', () => {
  const reached = reachedFrom('main/desktop/core-process.ts');
  expect(keyHolders.slice(2, 4).filter((path) => reached.has(path))).toEqual(keyHolders.slice(2, 4));
  expect(keyHolders.filter((path) => !existsSync(`${projectDirectory}/${path}`))).toEqual([]);
});

test('only they make keys of anything', () => {
  const makers = [...files.values()]
    .filter(({ source }) =>
      /import \{[^}]*\b(?:Wallet|HDNodeWallet|SigningKey|BaseWallet)\b[^}]*\} from 'ethers'/.test(source),
    )
    .map(({ path }) => path);
  expect(makers).not.toEqual([]);
  expect(makers.filter((path) => !keyHolders.includes(path))).toEqual([]);
});

test('who asks for a signature asks for one structure by its name', () => {
  const general = [...files.values()].filter(
    ({ path, source }) =>
      !keyHolders.includes(path) && /\b(?:signTypedData|signMessage|signingKey|signDigest)\b/.test(source),
  );
  expect(general.map(({ path }) => path)).toEqual([]);
});
