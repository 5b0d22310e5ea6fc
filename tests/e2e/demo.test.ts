import { spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openLedger } from '../../main/ledger/index.ts';
import { parseReceiptDocument } from '../../protocol/receipt.ts';
import { verifyReceiptDocument } from '../../protocol/verify-receipt.ts';

const command = fileURLToPath(new URL('../../main/headless/command/hearth.mjs', import.meta.url));
const demoTimeoutMs = 240_000;

type Event = { readonly event: string } & Readonly<Record<string, unknown>>;

interface DemoRun {
  readonly code: number | null;
  readonly events: readonly Event[];
  readonly stderr: string;
}

/** Runs `hearth demo --once --json` to its end; `onEvent` sees every line as it comes. */
function runDemo(dataDirectory: string, onEvent: (event: Event) => void = () => {}): Promise<DemoRun> {
  const child = spawn(
    process.execPath,
    [command, 'demo', '--once', '--json', '--adapter', 'software', '--data-dir', dataDirectory],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  const events: Event[] = [];
  let stderr = '';
  child.stderr.on('data', (block: Buffer) => (stderr += block.toString()));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const event = JSON.parse(line) as Event;
    events.push(event);
    onEvent(event);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, events, stderr }));
  });
}

const find = (run: DemoRun, name: string): Event[] => run.events.filter(({ event }) => event === name);

interface Part {
  readonly job: string;
  readonly name: string;
  readonly units: string;
  readonly amountDue: string;
  readonly verdict: string;
}
interface Books {
  readonly name: string;
  readonly receipts: string;
  readonly ledgerEarned: string;
  readonly ledgerSettled: string;
  readonly onChain: string;
}

function readSummary(run: DemoRun): { readonly parts: readonly Part[]; readonly books: readonly Books[] } {
  const summary = find(run, 'summary')[0];
  expect(summary, run.stderr).toMatchObject({ ok: true, wrong: [] });
  return summary as unknown as { parts: Part[]; books: Books[] };
}

const sumUnits = (parts: readonly Part[], job: string): bigint =>
  parts.filter((part) => part.job === job).reduce((sum, part) => sum + BigInt(part.units), 0n);

/** Kills, once, the provider that delivered the first part of the job. */
function killDuring(job: 'chat' | 'render'): (event: Event) => void {
  const processIds = new Map<unknown, number>();
  let writer: unknown;
  let isKilled = false;
  return (event) => {
    if (event.event === 'provider') processIds.set(event['peerId'], Number(event['processId']));
    if (event.event === 'agreed' && event['job'] === 'chat') writer = event['peerId'];
    if (isKilled || event.event !== (job === 'chat' ? 'text' : 'progress')) return;
    isKilled = true;
    process.kill(processIds.get(job === 'chat' ? writer : event['peerId']) ?? 0, 'SIGKILL');
  };
}

function expectBooksToAgree(books: readonly Books[]): void {
  for (const { receipts, ledgerEarned, ledgerSettled, onChain } of books) {
    expect([ledgerEarned, ledgerSettled, onChain]).toEqual([receipts, receipts, receipts]);
  }
}

describe('hearth demo --once', () => {
  let folder: string;
  let undisturbed: DemoRun;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearth-demo-'));
    undisturbed = await runDemo(join(folder, 'undisturbed'));
  }, demoTimeoutMs);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it('buys a chat and a picture from two providers, verified, paid and claimed to the last unit', async () => {
    expect(undisturbed.code, undisturbed.stderr).toBe(0);
    const { parts, books } = readSummary(undisturbed);

    expect(new Set(parts.map(({ verdict }) => verdict))).toEqual(new Set(['verified']));
    expect(sumUnits(parts, 'chat')).toBe(64n);
    expect(sumUnits(parts, 'render')).toBe(128n * 96n * 16n);
    const renderers = parts.filter(({ job }) => job === 'render').map(({ name }) => name);
    expect(renderers.toSorted()).toEqual(['provider one', 'provider two']);
    expectBooksToAgree(books);

    const results = join(folder, 'undisturbed', 'demo', 'results');
    const names = await readdir(results);
    expect(names).toContain('picture.png');
    const receipts = names.filter((name) => name.startsWith('receipt-'));
    expect(receipts).toHaveLength(parts.length);
    for (const name of receipts) {
      const document = parseReceiptDocument(await readFile(join(results, name), 'utf8'));
      expect(verifyReceiptDocument(document).checks.filter(({ ok }) => !ok)).toEqual([]);
    }
  });

  it.each(['chat', 'render'] as const)(
    'survives a provider killed in the middle of the %s: the other finishes it, nothing is paid twice, the killed one claims',
    async (job) => {
      const dataDirectory = join(folder, `killed-${job}`);
      const run = await runDemo(dataDirectory, killDuring(job));
      expect(run.code, run.stderr).toBe(0);
      const { parts, books } = readSummary(run);

      // The work is whole, it is the same as without the kill, and every unit of it stands on one receipt only.
      expect([sumUnits(parts, 'chat'), sumUnits(parts, 'render')]).toEqual([64n, 128n * 96n * 16n]);
      expect(find(run, 'chat-done')[0]?.['tokens']).toEqual(find(undisturbed, 'chat-done')[0]?.['tokens']);
      expect(await readFile(join(dataDirectory, 'demo', 'results', 'picture.png'))).toEqual(
        await readFile(join(folder, 'undisturbed', 'demo', 'results', 'picture.png')),
      );
      const partial = parts.filter(({ verdict }) => verdict === 'partial');
      expect(partial.map((part) => part.job)).toEqual([job]);
      expect([find(run, 'provider-gone'), find(run, 'provider-restart')].map(({ length }) => length)).toEqual([1, 1]);

      const killedName = partial[0]?.name ?? '';
      expect(BigInt(books.find(({ name }) => name === killedName)?.onChain ?? 0)).toBeGreaterThan(0n);
      expectBooksToAgree(books);
      const ledger = openLedger({ path: join(dataDirectory, 'demo', killedName.replace(' ', '-'), 'ledger.db') });
      ledger.verify();
      ledger.close();
    },
    demoTimeoutMs,
  );
});
