import { mkdir, rm, statfs, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readApiFile } from '../api-file.ts';
import { projectDirectory } from '../project-files.ts';
import { blocked, type Check, describeError, ok, warning } from './check.ts';

const neededNodeMajor = 24;
const neededBytes = 256 * 1024 * 1024;
const comfortableBytes = 5 * 1024 * 1024 * 1024;
/** No release of this program is older; a clock before it is wrong. */
const earliestTime = Date.UTC(2025, 0, 1);

export function checkNode(version: string = process.versions.node): Check {
  const major = Number(version.split('.')[0]);
  if (major >= neededNodeMajor) return ok('node', `Node ${version} runs the node.`);
  return blocked(
    'node',
    `Node ${version} is too old, ${neededNodeMajor} is needed.`,
    'Run "npm ci" in the project folder: it brings the right Node along, and "npx hearth" uses it.',
  );
}

export async function checkDataDirectory(dataDirectory: string): Promise<Check> {
  const probe = join(dataDirectory, `.doctor-${process.pid}`);
  try {
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
    await writeFile(probe, 'hearth', { mode: 0o600 });
    await rm(probe);
  } catch (error) {
    return blocked(
      'data folder',
      `${dataDirectory} cannot be written: ${describeError(error)}`,
      'Give yourself write access to it, or choose another with --data-dir.',
    );
  }
  const { bavail, bsize } = await statfs(dataDirectory);
  const freeBytes = bavail * bsize;
  const free = `${dataDirectory} can be written and has ${formatGigabytes(freeBytes)} free`;
  const fix = 'Free some space, or choose a folder on another disk with --data-dir.';
  if (freeBytes < neededBytes) {
    return blocked('data folder', `${free}; ${formatGigabytes(neededBytes)} are needed for ledger and adapter.`, fix);
  }
  if (freeBytes < comfortableBytes) return warning('data folder', `${free}: too little for most models.`, fix);
  return ok('data folder', `${free}.`);
}

/** A port that is in use blocks the start, unless it is our own node that uses it. */
export async function checkPort(name: string, host: string, port: number, dataDirectory: string): Promise<Check> {
  try {
    await tryListen(host, port);
    return ok(name, port === 0 ? `A free port on ${host} is there.` : `Port ${port} on ${host} is free.`);
  } catch (error) {
    const own = await readApiFile(dataDirectory);
    if (own?.port === port) return ok(name, `Port ${port} is used by the node that runs on this data folder.`);
    return blocked(
      name,
      `Port ${port} on ${host} cannot be used: ${describeError(error)}`,
      'Stop the program that uses it, or choose another port.',
    );
  }
}

/** Host and port of `/ip4/0.0.0.0/tcp/4001`; undefined for addresses that are not plain TCP. */
export function readTcpAddress(multiaddr: string): { host: string; port: number } | undefined {
  const match = /^\/ip[46]\/([^/]+)\/tcp\/(\d{1,5})$/.exec(multiaddr);
  return match?.[1] === undefined ? undefined : { host: match[1], port: Number(match[2]) };
}

/** Signatures carry times: a clock that is wrong makes agreements expire before they start. */
export function checkClock(nowMs: number, chainTimeMs: number | undefined): Check {
  const fix = 'Switch on automatic time in the settings of the system.';
  if (nowMs < earliestTime)
    return blocked('clock', `The clock says ${new Date(nowMs).toISOString()}, which is past.`, fix);
  if (chainTimeMs === undefined) return ok('clock', `The clock says ${new Date(nowMs).toISOString()}.`);
  const offsetSeconds = Math.round((nowMs - chainTimeMs) / 1000);
  // A block may be old on a quiet chain, but it is never from the future.
  if (offsetSeconds < -60) return blocked('clock', `The clock is ${-offsetSeconds} s behind the newest block.`, fix);
  if (offsetSeconds > 15 * 60) {
    return warning(
      'clock',
      `The newest block is ${offsetSeconds} s old: the clock is ahead, or the chain stands still.`,
      fix,
    );
  }
  return ok('clock', `The clock agrees with the chain within ${Math.abs(offsetSeconds)} s.`);
}

export function checkElectron(platform: NodeJS.Platform = process.platform): Check {
  const isThere = existsSync(join(projectDirectory, 'node_modules', 'electron', 'dist'));
  if (!isThere) {
    return warning(
      'desktop window',
      "Electron's binary is not here: the dashboard opens in a browser instead.",
      'Run "npx install-electron" for the desktop window; the headless node needs nothing.',
    );
  }
  const note =
    platform === 'linux'
      ? ' On Linux Electron sees a GPU only with enable-unsafe-webgpu and Vulkan; the app sets both itself.'
      : '';
  return ok('desktop window', `Electron's binary is here.${note}`);
}

function tryListen(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
  });
}

function formatGigabytes(sizeBytes: number): string {
  return `${(sizeBytes / 1024 ** 3).toFixed(1)} GiB`;
}
