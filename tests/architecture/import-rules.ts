/** DESIGN's import table as code: which room may import what. Pure, so that planted violations can prove that it sees them. */
import { readImports, resolveRelative } from './source-files.ts';
import type { ImportedModule, SourceFile } from './source-files.ts';

/** Folders of main/, lowest first: a folder imports its own and those on lower steps. */
const MAIN_STEPS: readonly (readonly string[])[] = [
  ['ledger', 'store'],
  ['owner'],
  ['payment'],
  ['network'],
  ['market'],
  ['requester'],
  ['node'],
  // The hosts put a node together; the command line starts the demo, and the demo runs headless nodes.
  ['headless', 'demo', 'desktop'],
];

/** The worker's types that main may know. */
const WORKER_TYPES = ['worker/messages.ts', 'worker/byte-source.ts'];

/** Where Electron itself is held: the main process and the two preloads. */
const ELECTRON_HOLDERS = [
  'main/desktop/main.ts',
  'main/desktop/preload-dashboard.ts',
  'main/desktop/preload-worker.ts',
];

/** Pure packages: no I/O, the same everywhere. */
const PROTOCOL_PACKAGES: readonly string[] = ['ethers'];
const WORKER_PACKAGES: readonly string[] = [
  '@cwasm/webp',
  '@huggingface/jinja',
  'draco3d',
  'fast-png',
  'jpeg-js',
  'meshoptimizer',
  // Its WebAssembly alone (ADR 38).
  'three',
];
const RENDERER_PACKAGES: readonly string[] = ['preact', '@preact/signals', 'uplot'];

/** All violations of the import table, one line each; none is an empty list. */
export function findImportViolations(files: readonly SourceFile[]): string[] {
  const known = new Set(files.map(({ path }) => path));
  return files
    .filter(({ path }) => !path.endsWith('.wgsl'))
    .flatMap((file) =>
      readImports(file).flatMap((imported) => {
        const fault = findFault(file.path, imported, known);
        return fault === null ? [] : [`${file.path} imports ${imported.specifier}: ${fault}`];
      }),
    );
}

function findFault(path: string, { specifier, isType }: ImportedModule, known: ReadonlySet<string>): string | null {
  const target = resolveRelative(path, specifier);
  if (target === null) return findPackageFault(path, packageOf(specifier), isType);
  if (/\.(?:ts|tsx|mjs|wgsl)$/.test(target) && !target.endsWith('.d.ts') && !known.has(target)) {
    return 'there is no such file';
  }
  return findRoomFault(path, target, isType);
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return 'node:';
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function findPackageFault(path: string, name: string, isType: boolean): string | null {
  const room = roomOf(path);
  if (name === 'electron') {
    if (room !== 'main' || folderOf(path) !== 'desktop') return 'only main/desktop may know Electron';
    return isType || ELECTRON_HOLDERS.includes(path) ? null : `only ${ELECTRON_HOLDERS.join(', ')} may hold Electron`;
  }
  if (room === 'protocol') return PROTOCOL_PACKAGES.includes(name) ? null : 'protocol is pure and runs anywhere';
  if (room === 'worker') {
    const isHost = folderOf(path) === 'host';
    return isHost || WORKER_PACKAGES.includes(name) ? null : 'only worker/host may know its environment';
  }
  if (room === 'renderer') return RENDERER_PACKAGES.includes(name) ? null : 'the renderer runs in a browser';
  if (name === 'webgpu') return 'only worker/host may open a device';
  return null;
}

function findRoomFault(path: string, target: string, isType: boolean): string | null {
  const [room, targetRoom] = [roomOf(path), roomOf(target)];
  if (room === 'protocol') return targetRoom === 'protocol' ? null : 'protocol imports protocol only';
  if (room === 'renderer') {
    return targetRoom === 'renderer' || targetRoom === 'protocol'
      ? null
      : 'renderer imports renderer and protocol only';
  }
  if (room === 'worker') {
    if (folderOf(path) !== 'host' && targetRoom === 'worker' && folderOf(target) === 'host') {
      return 'the worker does not know its hosts';
    }
    return ['worker', 'protocol', 'shaders'].includes(targetRoom)
      ? null
      : 'worker imports worker, protocol and shaders only';
  }
  if (targetRoom === 'protocol') return null;
  if (targetRoom === 'worker') {
    return isType && WORKER_TYPES.includes(target)
      ? null
      : `main knows of the worker only the types in ${WORKER_TYPES.join(' and ')}`;
  }
  return targetRoom === 'main'
    ? findStepFault(folderOf(path), folderOf(target))
    : 'main imports main and protocol only';
}

function findStepFault(folder: string, targetFolder: string): string | null {
  if (folder === targetFolder) return null;
  const [from, to] = [stepOf(folder), stepOf(targetFolder)];
  if (from === -1 || to === -1) return `main/${from === -1 ? folder : targetFolder} has no step; add it to MAIN_STEPS`;
  if (targetFolder === 'desktop') return 'nothing imports the desktop';
  if (to < from) return null;
  const isHost = from === MAIN_STEPS.length - 1 && to === from;
  return isHost ? null : `main/${folder} may not depend on main/${targetFolder}: downwards only`;
}

function stepOf(folder: string): number {
  return MAIN_STEPS.findIndex((step) => step.includes(folder));
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** Second part of the path: `network` in main/network/x.ts. */
function folderOf(path: string): string {
  return path.split('/')[1] ?? '';
}

/** Shaders that no host imports, and kernel hosts whose own shader is not among those they import. */
export function findShaderViolations(files: readonly SourceFile[]): string[] {
  const shaderPaths = files.map(({ path }) => path).filter((path) => path.endsWith('.wgsl'));
  const hosts = files.filter(({ path }) => path.startsWith('worker/') && path.endsWith('.ts'));
  const shadersByHost = hosts.map((host) => ({
    host: host.path,
    shaders: readImports(host)
      .filter(({ specifier }) => specifier.endsWith('.wgsl?raw'))
      .map(({ specifier }) => resolveRelative(host.path, specifier) ?? specifier),
  }));
  const imported = new Set(shadersByHost.flatMap(({ shaders }) => shaders));
  const orphans = shaderPaths
    .filter((path) => !imported.has(path))
    .map((path) => `${path} has no host: no file of worker/ imports it`);
  const nameless = shadersByHost
    .filter(({ host, shaders }) => host.includes('/kernels/') && shaders.length > 0)
    .filter(({ host, shaders }) => !shaders.some((shader) => baseName(shader) === baseName(host)))
    .map(({ host }) => `${host} imports shaders but none of its own name`);
  return [...orphans, ...nameless];
}

function baseName(path: string): string {
  return (path.split('/').at(-1) ?? path).replace(/\.\w+$/, '');
}
