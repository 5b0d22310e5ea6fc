#!/usr/bin/env node
// The entry point runs on whatever Node started it (20.20 is enough) and hands over to the pinned Node 24, which strips
// types itself: libp2p 3 needs Promise.withResolvers, node:sqlite and `erasableSyntaxOnly` sources need 24.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const headlessDirectory = dirname(dirname(realpathSync(fileURLToPath(import.meta.url))));
const projectDirectory = dirname(dirname(headlessDirectory));
const pinnedNode = join(
  projectDirectory,
  'node_modules',
  'node',
  'bin',
  process.platform === 'win32' ? 'node.exe' : 'node',
);
const major = Number(process.versions.node.split('.')[0]);
const executable = existsSync(pinnedNode) ? pinnedNode : major >= 24 ? process.execPath : undefined;

if (executable === undefined) {
  console.error(
    `hearth: needs Node 24, this is ${process.versions.node} and ${pinnedNode} is missing; run "npm ci" in ${projectDirectory} first.`,
  );
  process.exit(1);
}

const child = spawn(
  executable,
  ['--disable-warning=ExperimentalWarning', join(headlessDirectory, 'main.ts'), ...process.argv.slice(2)],
  {
    stdio: 'inherit',
  },
);
// The terminal delivers SIGINT to the whole foreground group; the others must be handed on.
process.on('SIGINT', () => {});
for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => {
  console.error(`hearth: cannot start ${executable}: ${error.message}`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 128 + (signal === 'SIGINT' ? 2 : 15);
});
