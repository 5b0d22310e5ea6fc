import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../ui/chromium.ts';
import { snapshotIn, waitingState } from './electron-fakes.ts';
import { serveAppScheme } from './serve-app-scheme.ts';
import type { AppSchemeServer } from './serve-app-scheme.ts';

// The built dashboard as the desktop serves it: our handler and its policy, and a bridge in the place of the preload's.
let directory: string;
let server: AppSchemeServer;
let browser: Browser;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-dashboard-'));
  const configFile = fileURLToPath(new URL('../../vite.renderer.config.ts', import.meta.url));
  await build({ configFile, logLevel: 'error', build: { outDir: directory } });
  server = await serveAppScheme('dashboard', {
    dashboardDirectory: directory,
    workerPageDirectory: directory,
    workerDirectory: directory,
    openGranted: () => Promise.resolve(null),
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  server?.close();
  await rm(directory, { recursive: true, force: true });
});

test("the dashboard runs on the bridge under the desktop's policy, without a complaint", async () => {
  const page = await browser.newPage();
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(message.text()));
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('request', (request) => {
    if (new URL(request.url()).origin !== server.origin) complaints.push(`asked ${request.url()}`);
  });
  await page.addInitScript((snapshot) => {
    Object.assign(globalThis, {
      hearth: { request: () => Promise.resolve(snapshot), subscribe: () => () => {} },
    });
  }, snapshotIn(waitingState));
  await page.goto(`${server.origin}/index.html`);
  await page.getByText(waitingState.reason).first().waitFor();
  expect(complaints).toEqual([]);
});
