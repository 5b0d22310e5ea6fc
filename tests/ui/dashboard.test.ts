import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { build } from 'vite';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../main/headless/api-server.ts';
import { createNodeSource, type NodeSource } from '../fixtures/ui/node-source.ts';
import { alarmedSnapshot, runningTask, softwareSnapshot, startMs, workingSnapshot } from '../fixtures/ui/snapshots.ts';
import { launchChromium } from './chromium.ts';

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

let directory: string;
let dashboardDirectory: string;
let browser: Browser;
let source: NodeSource;
let server: ApiServer;
let page: Page;
let problems: string[];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-ui-'));
  dashboardDirectory = join(directory, 'dashboard');
  await build({
    configFile: fileURLToPath(new URL('../../vite.renderer.config.ts', import.meta.url)),
    logLevel: 'error',
    build: { outDir: dashboardDirectory },
  });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
  await rm(directory, { recursive: true, force: true });
});

beforeEach(async () => {
  source = createNodeSource(workingSnapshot);
  server = await startApiServer({ api: source, dataDirectory: directory, dashboardDirectory });
  problems = [];
});

afterEach(async () => {
  await page?.context().close();
  await server.close();
  // Every refused style, script or connection shows here: the policy must not be in the page's own way.
  expect(problems).toEqual([]);
});

interface PageOptions {
  readonly width?: number;
  readonly colorScheme?: 'light' | 'dark';
  readonly link?: string;
  /** What `navigator.language` answers. */
  readonly language?: string;
}

async function openDashboard(options: PageOptions = {}) {
  const { language, width = 1280, colorScheme = 'light', link = server.link } = options;
  const context = await browser.newContext({
    viewport: { width, height: 900 },
    colorScheme,
    locale: 'en-GB',
    timezoneId: 'UTC',
    reducedMotion: 'reduce',
  });
  page = await context.newPage();
  page.setDefaultTimeout(10_000);
  await page.clock.setFixedTime(startMs + 600_000);
  page.on('console', (message) => {
    if (message.type() === 'error') problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  if (language !== undefined) {
    await page.addInitScript((value) => {
      Object.defineProperty(navigator, 'language', { configurable: true, value });
    }, language);
  }
  await page.goto(link);
}

const state = () => page.getByRole('status');

/** The rules of WCAG 2.2 A and AA, and axe's own best practices. */
async function findAccessibilityFaults(): Promise<readonly string[]> {
  // Evaluated by the debugger, so the page's policy stays as it is.
  await page.evaluate(await readFile(axePath, 'utf8'));
  return page.evaluate(async () => {
    interface AxeResults {
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    }
    const { axe } = window as unknown as { axe: { run(): Promise<AxeResults> } };
    const { violations } = await axe.run();
    return violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary}`));
  });
}

/** Pixels by which the page is wider than its window. */
function measureOverflow(): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

async function takeScreenshot(name: string): Promise<void> {
  const folder = process.env['HEARTH_SCREENSHOTS'] ?? directory;
  const picture = await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
  expect(picture.length).toBeGreaterThan(10_000);
}

describe('the dashboard', () => {
  it('tells state and reason, and takes the token out of the address', async () => {
    await openDashboard();
    await state().getByText('Working on 1 task.').waitFor();
    expect(await page.title()).toBe('Working · Hearth');
    expect(page.url()).toBe(`${server.origin}/`);
    await page.reload();
    await state().getByText('Working on 1 task.').waitFor();
  });

  it('shows a change the moment the node tells it', async () => {
    await openDashboard();
    await page.getByText('96 of 256 tokens').waitFor();
    source.push({
      tasks: [{ ...runningTask, unitsDone: '112', amountDue: '224' }],
      earnings: { ...workingSnapshot.earnings, earned: '1234567890123456789' },
    });
    await page.getByText('112 of 256 tokens').waitFor();
    // Exact beyond 2^53: amounts are never floats.
    await page.getByRole('region', { name: 'Earned so far' }).getByText('1,234,567,890,123.456789').waitFor();
    const row = page.getByRole('row').filter({ hasText: '112 of 256' });
    expect(await row.getByRole('progressbar').getAttribute('aria-label')).toBe('112 of 256 tokens');
  });

  it('pauses and resumes by keyboard, and the node is asked once each', async () => {
    await openDashboard();
    await page.getByRole('button', { name: 'Pause', exact: true }).focus();
    await page.keyboard.press('Enter');
    await state().getByText('Paused by you until you resume.').waitFor();
    await page.getByRole('button', { name: 'Resume' }).click();
    await state().getByText('Waiting for work: 3 peers connected.').waitFor();
    await page.getByRole('button', { name: 'Pause for 30 min' }).click();
    await state().getByText('Paused by you for 30 min.').waitFor();
    const asked = source.asked.filter(({ name }) => name !== 'getSnapshot');
    expect(asked).toEqual([
      { name: 'pause', parameters: {} },
      { name: 'resume', parameters: {} },
      { name: 'pause', parameters: { minutes: 30 } },
    ]);
  });

  it('opens in a browser without a language, as Chromium is under LANG=C', async () => {
    await openDashboard({ language: 'en-US@posix' });
    await page.getByRole('img', { name: /Earned over time/ }).waitFor();
  });

  it('claims what is earned and says how much it was', async () => {
    await openDashboard();
    await page.getByRole('button', { name: 'Claim now' }).click();
    await page.getByText('Claimed 0.00125 USDC.').waitFor();
    expect(source.asked.filter(({ name }) => name === 'claim')).toHaveLength(1);
  });

  it('says why when the node refuses', async () => {
    source.refuseNext('finish', 'NOT_NOW', 'the task in hand is being handed back');
    await openDashboard();
    await page.getByRole('button', { name: 'Finish, then rest' }).click();
    await page.getByRole('alert').getByText('the task in hand is being handed back').waitFor();
  });

  it('says clearly that a software adapter earns nothing', async () => {
    source.push(softwareSnapshot);
    await openDashboard();
    await page.getByText('never earns real money').waitFor();
    const adapter = page.getByRole('region', { name: 'Adapter' });
    expect(await adapter.getByText('Software adapter').count()).toBe(1);
    expect(await page.getByText('No tasks yet.').count()).toBe(1);
    expect(await findAccessibilityFaults()).toEqual([]);
    await takeScreenshot('software-1280');
  });

  it('draws what needs its owner, most urgent first, each with its severity in words, its fix and its age', async () => {
    source.push(alarmedSnapshot);
    await openDashboard();
    const alarms = page.getByRole('region', { name: 'Needs your attention' });
    await alarms.waitFor();
    const texts = await alarms.getByRole('listitem').allInnerTexts();
    expect(texts.map((text) => text.split(':', 1)[0])).toEqual(['Urgent', 'Warning', 'Warning', 'Notice']);
    expect(texts[0]).toMatch(
      /0\.0133 USDC are not claimed yet\.\s+What you can do: Keep the node running.*\s+for 40 min/,
    );
    expect(await page.title()).toBe('(!) Working · Hearth');
    await page.getByRole('region', { name: 'Network' }).getByText('http://127.0.0.1:8402/v1').waitFor();
  });

  it('takes an alarm away when it is over, and reads out a new one without moving the reader', async () => {
    await openDashboard();
    await state().getByText('Working on 1 task.').waitFor();
    const place = page.locator('[aria-live="polite"]').first();
    expect(await page.getByRole('region', { name: 'Needs your attention' }).count()).toBe(0);
    source.push({ alarms: alarmedSnapshot.alarms?.slice(1, 2) ?? [] });
    await place.getByText('disagree about 1 channel').waitFor();
    expect(await page.title()).toBe('Working · Hearth');
    source.push({ alarms: [] });
    await place.getByText('disagree about 1 channel').waitFor({ state: 'detached' });
  });

  it('says what to do when the link holds a wrong token', async () => {
    await openDashboard({ link: `${server.origin}/#token=wrong` });
    await page.getByRole('alert').getByText('This link does not open the node.').waitFor();
    // The browser itself reports the refused WebSocket and the refused question why.
    expect(problems).toEqual([expect.stringMatching('WebSocket.*Authentication'), expect.stringMatching('401')]);
    problems = [];
  });

  it('says when the node is gone, and comes back with it', async () => {
    await openDashboard();
    await state().getByText('Working on 1 task.').waitFor();
    await server.close();
    await page.getByRole('alert').getByText('The node does not answer.').waitFor();
    const { port } = server;
    problems = [];
    server = await startApiServer({ api: source, dataDirectory: directory, dashboardDirectory, port });
    // A new start has a new token: the page says so instead of trying for ever.
    await page.getByRole('alert').getByText('This link does not open the node.').waitFor();
    await page.goto(server.link);
    await state().getByText('Working on 1 task.').waitFor();
    expect(await page.getByRole('alert').count()).toBe(0);
    problems = [];
  });

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [1280, 420]) {
      it(`is accessible in the ${colorScheme} at ${width} pixels, and nothing runs over the edge`, async () => {
        await openDashboard({ colorScheme, width });
        await page.getByRole('img', { name: /Earned over time, rising from/ }).waitFor();
        await page.getByText('The chart as a table').click();
        expect(await page.getByRole('cell', { name: '0.85216 USDC' }).count()).toBeGreaterThan(0);
        expect(await findAccessibilityFaults()).toEqual([]);
        expect(await measureOverflow()).toBe(0);
        await page.getByText('The chart as a table').click();
        await takeScreenshot(`${colorScheme}-${width}`);
      });

      it(`is accessible with alarms in the ${colorScheme} at ${width} pixels, and nothing runs over the edge`, async () => {
        source.push(alarmedSnapshot);
        await openDashboard({ colorScheme, width });
        await page.getByRole('region', { name: 'Needs your attention' }).waitFor();
        expect(await findAccessibilityFaults()).toEqual([]);
        expect(await measureOverflow()).toBe(0);
        await takeScreenshot(`alarms-${colorScheme}-${width}`);
      });
    }
  }
});
