// Builds everything the desktop needs into dist/: dashboard, GPU worker, its page, main process, core process, preloads.
//   node scripts/build-desktop.mjs
import { copyFileSync, mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const project = dirname(dirname(fileURLToPath(import.meta.url)));

/** Configuration file and mode of every part, in order: the main build empties dist/desktop, the preloads join it. */
export const desktopBuilds = [
  ['vite.renderer.config.ts', 'production'],
  ['vite.worker.config.ts', 'production'],
  ['vite.desktop.config.ts', 'production'],
  ['vite.preload.config.ts', 'preload-dashboard'],
  ['vite.preload.config.ts', 'preload-worker'],
  ['vite.preload.config.ts', 'worker-page'],
];

export async function buildDesktop() {
  for (const [configFile, mode] of desktopBuilds) {
    await build({ configFile: join(project, configFile), mode, logLevel: 'warn' });
  }
  const pageDirectory = join(project, 'dist', 'worker-page');
  mkdirSync(pageDirectory, { recursive: true });
  copyFileSync(join(project, 'main', 'desktop', 'worker-page.html'), join(pageDirectory, 'index.html'));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  process.chdir(project);
  await buildDesktop();
}
