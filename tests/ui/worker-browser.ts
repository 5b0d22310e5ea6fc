import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { build } from 'vite';
import { WORKER_POLICY } from '../../main/desktop/app-scheme.ts';
import type { WorkerCallKind, WorkerParameters, WorkerResult } from '../../worker/messages.ts';
import { launchChromium } from './chromium.ts';
import { serveFiles } from './static-server.ts';

const root = new URL('../../', import.meta.url);

/** What the page of `worker-page.js` offers. */
export interface WorkerPage {
  askWorker<K extends WorkerCallKind>(kind: K, parameters: WorkerParameters<K>): Promise<WorkerResult<K>>;
  openFile(address: string): Promise<{ kind: 'blob'; blob: Blob }>;
}

export interface WorkerBrowser {
  readonly page: Page;
  readonly browserVersion: string;
  close(): Promise<void>;
}

/** Builds the GPU worker that ships and opens it in a headless Chromium, under the policy of the desktop; `files` are served beside it, by address. */
export async function openWorkerBrowser(files: Readonly<Record<string, string>> = {}): Promise<WorkerBrowser> {
  const directory = await mkdtemp(join(tmpdir(), 'hearth-worker-'));
  await build({
    configFile: fileURLToPath(new URL('vite.worker.config.ts', root)),
    logLevel: 'error',
    build: { outDir: directory },
  });
  const server = await serveFiles(
    {
      '/index.html': new URL('worker-page.html', import.meta.url),
      '/worker-page.js': new URL('worker-page.js', import.meta.url),
      '/gpu-worker.js': join(directory, 'gpu-worker.js'),
      ...files,
    },
    WORKER_POLICY,
  );
  const browser = await launchChromium();
  const page = await browser.newPage();
  await page.goto(`${server.origin}/index.html`);
  return {
    page,
    browserVersion: browser.version(),
    async close() {
      await browser.close();
      await server.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
