import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WORKER_PORT_MESSAGE } from '../../main/desktop/channels.ts';
import { createGrantedFiles } from '../../main/desktop/granted-files.ts';
import { launchChromium } from '../ui/chromium.ts';
import { serveAppScheme } from './serve-app-scheme.ts';
import type { AppSchemeServer } from './serve-app-scheme.ts';

// The hidden window's page in a real Chromium: our own handler with its policy, the built page, the built worker. Only the
// scheme is http, and the test plays what Electron would: the preload, and the core at the other end of the port.
const root = new URL('../../', import.meta.url);
const assets = fileURLToPath(new URL('assets', root));
const grantedFiles = createGrantedFiles();
let directory: string;
let server: AppSchemeServer;
let browser: Browser;
let page: Page;
const complaints: string[] = [];

/** What the test puts into the page in the place of the core. */
interface CoreInPage {
  askThroughPort(kind: string, parameters: object): Promise<unknown>;
}

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-worker-page-'));
  const [workerPageDirectory, workerDirectory] = [join(directory, 'page'), join(directory, 'worker')];
  for (const [configFile, mode, outDir] of [
    ['vite.preload.config.ts', 'worker-page', workerPageDirectory],
    ['vite.worker.config.ts', 'production', workerDirectory],
  ] as const) {
    const path = fileURLToPath(new URL(configFile, root));
    await build({ configFile: path, mode, logLevel: 'error', build: { outDir, emptyOutDir: true } });
  }
  await copyFile(new URL('main/desktop/worker-page.html', root), join(workerPageDirectory, 'index.html'));
  server = await serveAppScheme('worker', {
    dashboardDirectory: directory,
    workerPageDirectory,
    workerDirectory,
    openGranted: (token) => grantedFiles.open(token),
  });
  browser = await launchChromium();
  page = await browser.newPage();
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  await page.goto(`${server.origin}/index.html`);
  await page.evaluate((portMessage) => {
    const { port1, port2 } = new MessageChannel();
    const waiting = new Map<number, (reply: unknown) => void>();
    let nextId = 1;
    port1.addEventListener('message', ({ data }) => {
      if (!('event' in data)) waiting.get(data.id)?.(data.ok ? data.result : data.error);
    });
    port1.start();
    window.postMessage(portMessage, window.location.origin, [port2]);
    (globalThis as unknown as CoreInPage).askThroughPort = (kind, parameters) =>
      new Promise((resolve) => {
        const id = nextId++;
        waiting.set(id, resolve);
        port1.postMessage({ id, kind, parameters });
      });
  }, WORKER_PORT_MESSAGE);
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  await rm(directory, { recursive: true, force: true });
});

function ask(kind: string, parameters: object): Promise<unknown> {
  return page.evaluate(([kind, parameters]) => (globalThis as unknown as CoreInPage).askThroughPort(kind, parameters), [
    kind,
    parameters,
  ] as const);
}

function load(modelId: string, path: string): Promise<unknown> {
  return ask('load-model', { modelId, source: { kind: 'file', path } });
}

test('the core opens an adapter through the page, under its policy and without a complaint', async () => {
  expect(await ask('open-adapter', { adapter: 'software' })).toMatchObject({ isSoftware: true, backend: 'chromium' });
  expect(complaints).toEqual([]);
});

test('a granted model is read by the worker, and tokenizes', async () => {
  const token = grantedFiles.grant(join(assets, 'hearth-tiny-q8_0.gguf'));
  expect(await load('m', `/granted/${token}`)).toMatchObject({ architecture: 'llama' });
  expect(await ask('tokenize', { modelId: 'm', text: 'The Congress', addBos: false })).toMatchObject({
    tokens: expect.arrayContaining([expect.any(Number)]),
  });
});

test('a file that was not granted is not read, whatever the core says', async () => {
  expect(await load('n', '/etc/passwd')).toMatchObject({ code: 'SOURCE_UNREADABLE' });
  expect(await load('n', '/granted/00000000-0000-0000-0000-000000000000')).toMatchObject({
    code: 'SOURCE_UNREADABLE',
    message: expect.stringContaining('answered 404'),
  });
});
