import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { openLedger } from '../../main/ledger/index.ts';
import { bytes32, channelId } from './facts.ts';

const kills = 20;

/** Runs the writer and kills it after it has reported `reports` records; answers the last number it reported. */
function writeUntilKilled(path: string, reports: number): Promise<number> {
  const script = fileURLToPath(new URL('write-until-killed.ts', import.meta.url));
  const child = spawn(process.execPath, [script, path], { stdio: ['ignore', 'pipe', 'pipe'] });
  return new Promise((resolve, reject) => {
    let output = '';
    let errors = '';
    child.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.split('\n').length > reports) child.kill('SIGKILL');
    });
    child.stderr.on('data', (data: Buffer) => (errors += data.toString()));
    child.on('close', (_code, signal) => {
      // The last line may be torn; the one before it was reported whole.
      const last = output.split('\n').at(-2);
      if (signal !== 'SIGKILL' || last === undefined) reject(new Error(`the writer ended by itself: ${errors}`));
      else resolve(Number(last));
    });
  });
}

test(`${kills} kills in the middle of writing lose no reported voucher and double none`, async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hearth-killed-'));
  const path = join(folder, 'ledger.db');
  let seed = 20_261;
  const slowestOpenMs: number[] = [];
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31;
      const reported = await writeUntilKilled(path, 1 + (seed % 17));
      const startMs = performance.now();
      const ledger = openLedger({ path });
      slowestOpenMs.push(performance.now() - startMs);
      const task = ledger.findTask('provider', bytes32(2));
      const chunks = task?.chunks ?? 0;
      expect(chunks).toBeGreaterThan(reported);
      expect(ledger.findChannel('provider', channelId)?.ceiling).toBeGreaterThanOrEqual(BigInt(chunks));
      // Every chunk and every voucher once: the events say so, and the tables follow from the events.
      const kinds = ledger.readEvents(0, 100_000).map(({ event }) => event.kind);
      expect(kinds.filter((kind) => kind === 'chunk')).toHaveLength(chunks);
      expect(kinds.filter((kind) => kind === 'voucher').length - chunks).toBeOneOf([0, 1]);
      ledger.verify();
      ledger.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  expect(Math.max(...slowestOpenMs)).toBeLessThan(2_000);
}, 60_000);
