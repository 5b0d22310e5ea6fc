import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { findImportViolations, findShaderViolations } from './import-rules.ts';
import { readImports, readSourceFiles } from './source-files.ts';

const projectDirectory = fileURLToPath(new URL('../..', import.meta.url)).replace(/[/\\]$/, '');
const files = readSourceFiles(projectDirectory);

const MAX_LINES = 350;
/** Files that are longer for a reason; the reason stands beside them. */
const LONGER_FILES: Readonly<Record<string, string>> = {};

test('the checker sees the rooms: one that sees nothing must not pass', () => {
  const countIn = (room: string): number => files.filter(({ path }) => path.startsWith(`${room}/`)).length;
  const minimum = { protocol: 10, worker: 40, main: 60, renderer: 5, shaders: 10 };
  const tooFew = Object.entries(minimum).filter(([room, count]) => countIn(room) < count);
  expect(tooFew).toEqual([]);
  expect(files.flatMap((file) => (file.path.endsWith('.wgsl') ? [] : readImports(file))).length).toBeGreaterThan(200);
});

test('every room imports only what it may', () => {
  expect(findImportViolations(files)).toEqual([]);
});

test('every shader has a host, and every kernel the shader of its name', () => {
  expect(findShaderViolations(files)).toEqual([]);
});

test('no file grows past what one reads in one go', () => {
  const all = [...files, ...readSourceFiles(projectDirectory, ['tests', 'scripts'])];
  const long = all
    .map(({ path, source }) => ({ path, lines: source.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > MAX_LINES && !(path in LONGER_FILES));
  expect(long).toEqual([]);
});

const planted: [path: string, source: string, fault: RegExp][] = [
  ['protocol/x.ts', `import { readFile } from 'node:fs';`, /protocol is pure/],
  ['protocol/x.ts', `import type { T } from '../worker/messages.ts';`, /protocol imports protocol only/],
  ['worker/llm/x.ts', `import fs from 'node:fs';`, /only worker\/host/],
  ['worker/llm/x.ts', `import { create } from 'webgpu';`, /only worker\/host/],
  ['worker/llm/x.ts', `import { f } from '../host/node.ts';`, /does not know its hosts/],
  ['worker/host/x.ts', `import { f } from '../../main/node/node.ts';`, /worker imports worker/],
  ['main/node/x.ts', `import { create } from 'webgpu';`, /only worker\/host may open a device/],
  ['main/node/x.ts', `import { app } from 'electron';`, /only main\/desktop/],
  ['main/node/x.ts', `import type { App } from 'electron';`, /only main\/desktop/],
  ['main/node/x.ts', `const { app } = await import('electron');`, /only main\/desktop/],
  ['main/node/x.ts', `export { app } from 'electron';`, /only main\/desktop/],
  ['main/desktop/tray.ts', `import { Tray } from 'electron';`, /may hold Electron/],
  ['main/desktop/tray.ts', `import 'electron';`, /may hold Electron/],
  ['main/desktop/tray.ts', `import { type Tray, Menu } from 'electron';`, /may hold Electron/],
  ['main/node/x.ts', `import { x } from '../../worker/messages.ts';`, /only the types/],
  ['main/node/x.ts', `import type { X } from '../../worker/host/node.ts';`, /only the types/],
  ['main/node/x.ts', `import type { X } from '../../renderer/src/app.tsx';`, /main imports main and protocol only/],
  ['main/ledger/x.ts', `import { f } from '../payment/types.ts';`, /downwards only/],
  ['main/network/x.ts', `import { f } from '../node/node.ts';`, /downwards only/],
  ['main/node/x.ts', `import { f } from '../headless/main.ts';`, /downwards only/],
  ['main/headless/x.ts', `import { f } from '../desktop/main.ts';`, /nothing imports the desktop/],
  ['main/attic/x.ts', `import { f } from '../ledger/ledger.ts';`, /has no step/],
  ['renderer/src/x.tsx', `import { f } from '../../main/node/node.ts';`, /renderer imports renderer/],
  ['renderer/src/x.tsx', `import { readFile } from 'node:fs/promises';`, /runs in a browser/],
  ['protocol/x.ts', `import { f } from './missing.ts';`, /no such file/],
];

const targets = [
  'worker/messages.ts',
  'worker/host/node.ts',
  'main/node/node.ts',
  'main/payment/types.ts',
  'main/headless/main.ts',
  'main/desktop/main.ts',
  'main/ledger/ledger.ts',
  'renderer/src/app.tsx',
].map((path) => ({ path, source: '' }));

test.each(planted)('a planted violation is seen: %s with %s', (path, source, fault) => {
  const violations = findImportViolations([...targets.filter((target) => target.path !== path), { path, source }]);
  expect(violations).toHaveLength(1);
  expect(violations[0]).toMatch(fault);
});

test.each([
  ['main/desktop/tray.ts', `import type { Tray } from 'electron';`],
  ['main/desktop/tray.ts', `import { type Tray } from 'electron';`],
  ['main/desktop/preload-worker.ts', `import { ipcRenderer } from 'electron';`],
  ['main/node/x.ts', `import type { X } from '../../worker/messages.ts';`],
  ['main/headless/x.ts', `import { f } from '../node/node.ts';`],
  ['worker/host/x.ts', `import { create } from 'webgpu';`],
])('what is allowed is not reported: %s with %s', (path, source) => {
  expect(findImportViolations([...targets, { path, source }])).toEqual([]);
});

test('a shader without a host and a kernel without its shader are seen', () => {
  const source = `import code from '../../../shaders/llm/other.wgsl?raw';`;
  expect(
    findShaderViolations([
      { path: 'shaders/llm/lost.wgsl', source: '' },
      { path: 'shaders/llm/other.wgsl', source: '' },
      { path: 'worker/llm/kernels/found.ts', source },
    ]),
  ).toEqual([
    'shaders/llm/lost.wgsl has no host: no file of worker/ imports it',
    'worker/llm/kernels/found.ts imports shaders but none of its own name',
  ]);
});
