import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder that holds package.json, assets/ and dist/. */
export const projectDirectory = fileURLToPath(new URL('../../', import.meta.url));

export const embeddedModelPath = join(projectDirectory, 'assets', 'hearth-tiny-q8_0.gguf');
export const embeddedScenePath = join(projectDirectory, 'assets', 'hearth-room.glb');
export const dashboardDirectory = join(projectDirectory, 'dist', 'renderer');

export function readVersion(): string {
  return readManifestVersion(join(projectDirectory, 'package.json'));
}

/** Version of a package that Hearth is installed with. */
export function readPackageVersion(name: string): string {
  return readManifestVersion(join(projectDirectory, 'node_modules', name, 'package.json'));
}

function readManifestVersion(path: string): string {
  const manifest: unknown = JSON.parse(readFileSync(path, 'utf8'));
  const version =
    typeof manifest === 'object' && manifest !== null && 'version' in manifest ? manifest.version : undefined;
  return typeof version === 'string' ? version : 'unknown';
}

/** Where each system keeps an application's data. An XDG path that is not absolute is ignored, as its specification says. */
export function defaultDataDirectory(
  platform: NodeJS.Platform = process.platform,
  environment: Readonly<Record<string, string | undefined>> = process.env,
  home: string = homedir(),
): string {
  if (platform === 'win32') return join(environment['LOCALAPPDATA'] ?? join(home, 'AppData', 'Local'), 'Hearth');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Hearth');
  const xdg = environment['XDG_DATA_HOME'];
  return join(xdg !== undefined && xdg.startsWith('/') ? xdg : join(home, '.local', 'share'), 'hearth');
}
