import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

interface LockEntry {
  readonly version?: string;
  readonly resolved?: string;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface PackageFile {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly allowScripts: Readonly<Record<string, boolean>>;
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8'));
}

const lock = (readJson('package-lock.json') as { packages: Readonly<Record<string, LockEntry>> }).packages;
const packageFile = readJson('package.json') as PackageFile;
const entries = Object.entries(lock).filter(([path]) => path !== '');

/** `node_modules/a/node_modules/@s/b` -> `@s/b` */
function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
}

/** Where Node looks for `name` from the package at `path`: its own folder first, then every folder above. */
function isInLock(path: string, name: string): boolean {
  for (let base = path; ; base = base.slice(0, base.lastIndexOf('/node_modules/'))) {
    if (`${base}/node_modules/${name}` in lock) return true;
    if (!base.includes('/node_modules/')) return `node_modules/${name}` in lock;
  }
}

test('the lock is read: a check that sees nothing must not pass', () => {
  expect(entries.length).toBeGreaterThan(300);
  expect(entries.filter(([, entry]) => entry.optionalDependencies !== undefined).length).toBeGreaterThan(10);
});

test('the package of every platform is in the lock, so that `npm ci` works on all of them', () => {
  const missing = entries.flatMap(([path, entry]) =>
    Object.keys(entry.optionalDependencies ?? {})
      .filter((name) => !isInLock(path, name))
      .map((name) => `${path} -> ${name}`),
  );
  expect(missing).toEqual([]);
});

test('the lock names no address, so that it works with every registry', () => {
  const addresses = entries.filter(([, { resolved }]) => resolved !== undefined && /^\w+:\/\//.test(resolved));
  expect(addresses.map(([path]) => path)).toEqual([]);
});

test('every version in package.json is exact', () => {
  const all = { ...packageFile.dependencies, ...packageFile.devDependencies };
  const loose = Object.entries(all).filter(([, version]) => !/^\d+\.\d+\.\d+$/.test(version));
  expect(loose).toEqual([['hearth-command', 'file:main/headless/command']]);
});

test('the lock has the version that package.json asks for', () => {
  const all = { ...packageFile.dependencies, ...packageFile.devDependencies };
  const different = Object.entries(all)
    .filter(([, version]) => !version.startsWith('file:'))
    .filter(([name, version]) => lock[`node_modules/${name}`]?.version !== version);
  expect(different).toEqual([]);
});

test('every install script is allowed or forbidden by name, so that `npm ci --strict-allow-scripts` passes', () => {
  const scripted = new Set(
    entries.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path)),
  );
  expect([...scripted].filter((name) => !(name in packageFile.allowScripts))).toEqual([]);
  expect(scripted.size).toBeGreaterThan(0);
});

test('allowScripts names nothing that is not installed', () => {
  const installed = new Set(entries.map(([path]) => nameOf(path)));
  expect(Object.keys(packageFile.allowScripts).filter((name) => !installed.has(name))).toEqual([]);
});
