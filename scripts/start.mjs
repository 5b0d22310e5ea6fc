// `npm start`: the desktop where Electron's binary is or can be had, else the headless node with its dashboard.
//   npm start -- --adapter software
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const project = dirname(dirname(fileURLToPath(import.meta.url)));
/** Electron is about 120 MB to fetch; on a slow line the headless node is the better start. */
const downloadDeadlineMs = 180_000;

/** The installed binary, or null. The package writes its relative path to path.txt once it has unpacked it. */
export function findElectron(electronDirectory, environment, fileExists = existsSync, readText = readFileSync) {
  const override = environment.ELECTRON_OVERRIDE_DIST_PATH;
  const pathFile = join(electronDirectory, 'path.txt');
  const relative = fileExists(pathFile) ? readText(pathFile, 'utf8').trim() : null;
  const binary =
    override === undefined
      ? relative === null
        ? null
        : join(electronDirectory, 'dist', relative)
      : join(override, relative ?? (process.platform === 'win32' ? 'electron.exe' : 'electron'));
  return binary !== null && fileExists(binary) ? binary : null;
}

/**
 * What to start, and a sentence when it is not the desktop.
 * `display` is false where no window can open: Linux without X11 and Wayland.
 */
export function decideStart({ headless, binary, download, display }) {
  if (headless) return { kind: 'headless', sentence: null };
  if (!display) {
    return {
      kind: 'headless',
      sentence:
        'There is no display for the desktop application (DISPLAY and WAYLAND_DISPLAY are not set): starting the headless node with its dashboard instead.',
    };
  }
  if (binary !== null) return { kind: 'desktop', binary };
  if (download === null) return { kind: 'download' };
  return {
    kind: 'headless',
    sentence: `Electron's binary is not installed and could not be fetched (${download}): starting the headless node with its dashboard instead.`,
  };
}

export function hasDisplay(platform, environment) {
  return platform !== 'linux' || Boolean(environment.DISPLAY) || Boolean(environment.WAYLAND_DISPLAY);
}

/** Runs Electron's own installer; null when it worked, else why not. */
function downloadElectron(electronDirectory) {
  console.error(`hearth: fetching Electron's binary (at most ${downloadDeadlineMs / 1000} s)...`);
  const installer = spawnSync(process.execPath, [join(electronDirectory, 'install.js')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    encoding: 'utf8',
    timeout: downloadDeadlineMs,
    killSignal: 'SIGKILL',
  });
  if (installer.status === 0) return null;
  if (installer.error?.code === 'ETIMEDOUT') return `no success within ${downloadDeadlineMs / 1000} s`;
  const firstLine = installer.stderr.split('\n').find((line) => line.trim() !== '');
  return (
    firstLine
      ?.trim()
      .replace(/^\w*Error: /, '')
      .slice(0, 160) ?? `its installer ended with code ${installer.status}`
  );
}

/** Runs a program to its end in this terminal and ends as it ended. */
function hand(executable, parameters) {
  const child = spawn(executable, parameters, { cwd: project, stdio: 'inherit' });
  // The terminal delivers SIGINT to the whole foreground group; the others must be handed on.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    console.error(`hearth: cannot start ${executable}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (code, signal) => {
    process.exitCode = signal === null ? (code ?? 1) : 130;
  });
}

async function main(parameters) {
  process.chdir(project);
  const headless = parameters.includes('--headless');
  const rest = parameters.filter((parameter) => parameter !== '--headless');
  const electronDirectory = dirname(createRequire(import.meta.url).resolve('electron/package.json'));
  const facts = {
    headless,
    display: hasDisplay(process.platform, process.env),
    binary: findElectron(electronDirectory, process.env),
    download: null,
  };
  let decision = decideStart(facts);
  if (decision.kind === 'download') {
    const download = downloadElectron(electronDirectory);
    const binary = findElectron(electronDirectory, process.env);
    decision = decideStart({ ...facts, binary, download: download ?? 'the binary is not where the package says' });
  }
  if (decision.kind === 'desktop') {
    const { buildDesktop } = await import('./build-desktop.mjs');
    await buildDesktop();
    hand(decision.binary, ['.', ...rest]);
    return;
  }
  if (decision.sentence !== null) console.error(`hearth: ${decision.sentence}`);
  const { build } = await import('vite');
  await build({ configFile: join(project, 'vite.renderer.config.ts'), logLevel: 'warn' });
  hand(process.execPath, [join(project, 'main', 'headless', 'command', 'hearth.mjs'), 'start', ...rest]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
