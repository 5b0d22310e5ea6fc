/** The real program in a process of its own, on the software adapter. Few starts: each costs a second. */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ApiServer, startApiServer } from '../../main/headless/api-server.ts';
import { formatReceiptDocument } from '../../protocol/receipt.ts';
import { createReceiptDocument } from '../fixtures/receipt.ts';
import { createNodeSource, type NodeSource } from '../fixtures/ui/node-source.ts';
import { alarmedSnapshot, workingSnapshot } from '../fixtures/ui/snapshots.ts';

const entry = fileURLToPath(new URL('../../main/headless/main.ts', import.meta.url));
/** Shared with the other tests, so that the software adapter is unpacked once. */
const adapterDirectory = fileURLToPath(new URL('../../node_modules/.cache/hearth', import.meta.url));
const modelPath = fileURLToPath(new URL('../../assets/hearth-tiny-q8_0.gguf', import.meta.url));
const scenePath = fileURLToPath(new URL('../../assets/hearth-room.glb', import.meta.url));
const vocabularySize = 4096;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-cli-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Outcome {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function hearth(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', entry, ...args],
      { env: { ...process.env, ...environment }, timeout: 100_000 },
      (_error, stdout, stderr) => resolve({ exitCode: child.exitCode ?? -1, stdout, stderr }),
    );
  });
}

const onSoftware = ['--adapter', 'software', '--data-dir', adapterDirectory];

function readLines(stdout: string): Record<string, unknown>[] {
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

async function verify(text: string) {
  const path = join(directory, 'receipt.json');
  await writeFile(path, text);
  return hearth(['verify', path, '--json']);
}

describe('hearth without a usable adapter', () => {
  it('ends with 1, a code and the fix, before any work', async () => {
    // No Vulkan driver at all, which is what a fresh machine without a GPU has.
    const noDrivers = { VK_DRIVER_FILES: '/nonexistent', VK_ICD_FILENAMES: '/nonexistent' };
    const { exitCode, stdout, stderr } = await hearth(
      ['llm', 'run', '--prompt', 'x', '--json', '--data-dir', directory],
      noDrivers,
    );
    const answer = JSON.parse(stdout);
    expect([exitCode, answer.error.code]).toEqual([1, 'NO_ADAPTER']);
    expect(stderr).toMatch(/^hearth: .*--adapter software/m);
  });
});

// SwiftShader compiles a model's kernels for ten seconds in every process.
describe('hearth llm', { timeout: 120_000 }, () => {
  it('streams the same text twice for the same seed, as JSON lines with a summary', async () => {
    const args = [
      'llm',
      'run',
      '--prompt',
      'The Congress should',
      '--max-tokens',
      '12',
      '--temperature',
      '0.7',
      '--seed',
      '5',
    ];
    const [asJson, asText] = [await hearth([...args, '--json', ...onSoftware]), await hearth([...args, ...onSoftware])];
    const lines = readLines(asJson.stdout);
    const summary = lines.at(-1);
    expect([asJson.exitCode, asText.exitCode]).toEqual([0, 0]);
    expect(
      lines
        .slice(0, -1)
        .map(({ text }) => text)
        .join(''),
    ).toBe(summary?.['text']);
    expect(asText.stdout).toBe(`${String(summary?.['text'])}\n`);
    expect(summary).toMatchObject({ event: 'summary', adapter: { isSoftware: true } });
    // A software adapter is announced, whatever the form of the output.
    for (const { stderr } of [asJson, asText]) expect(stderr).toMatch(/software adapter .*never earn/);
    expect(asText.stderr).toMatch(/\d+ tokens, [\d.]+ tokens\/s/);
  });

  it('tokenizes, and writes logits of exactly those tokens as little-endian float32', async () => {
    const tokenized = await hearth(['llm', 'tokenize', '--text', 'The Congress should', '--json', ...onSoftware]);
    const { tokens } = JSON.parse(tokenized.stdout) as { tokens: number[] };
    expect(tokens.length).toBeGreaterThan(1);
    const out = join(directory, 'deep', 'logits.f32');
    const { exitCode } = await hearth(['llm', 'logits', '--tokens', tokens.join(), '--out', out, ...onSoftware]);
    expect([exitCode, (await stat(out)).size]).toEqual([0, tokens.length * vocabularySize * 4]);
    const bytes = await readFile(out);
    const values = tokens.map((_, row) => bytes.readFloatLE(row * vocabularySize * 4));
    expect(values.every(Number.isFinite)).toBe(true);
  });

  it('names the file and what is wrong with a model that is cut off', async () => {
    const cut = join(directory, 'cut.gguf');
    await writeFile(cut, (await readFile(modelPath)).subarray(0, 4_000_000));
    const { exitCode, stderr } = await hearth(['llm', 'run', '--model', cut, '--prompt', 'x', ...onSoftware]);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(new RegExp(`^hearth: --model ${cut}: .*`, 'm'));
  });
});

describe('hearth render', () => {
  it('writes the same PNG twice', async () => {
    const pictures: Buffer[] = [];
    for (const name of ['one.png', 'two.png']) {
      const out = join(directory, name);
      const { exitCode, stdout } = await hearth([
        'render',
        '--width',
        '24',
        '--height',
        '17',
        '--samples',
        '2',
        '--seed',
        '3',
        '--out',
        out,
        '--json',
        ...onSoftware,
      ]);
      expect([exitCode, readLines(stdout).at(-1)]).toEqual([
        0,
        expect.objectContaining({ event: 'summary', samples: 2 }),
      ]);
      pictures.push(await readFile(out));
    }
    expect(pictures[0]?.subarray(1, 4).toString()).toBe('PNG');
    expect(pictures[0]?.equals(pictures[1] ?? Buffer.alloc(0))).toBe(true);
  });

  it.each<[string, (wrong: string) => string[], RegExp]>([
    [
      'a scene that is cut off',
      (wrong) => ['--scene', wrong],
      /^hearth: --scene \S+wrong\.glb: header\.length asks for 203312 bytes, but only 5000 are there$/m,
    ],
    [
      'an environment that is none',
      (wrong) => ['--environment', wrong],
      /^hearth: --environment \S+wrong\.glb: it is neither a Radiance picture/m,
    ],
    [
      'a camera that is not there',
      () => ['--camera', 'attic'],
      /^hearth: --scene \S+: settings\.view\.camera is "attic"; the scene has these: 0 "camera"$/m,
    ],
  ])('names the file and what is wrong with %s, and writes nothing', async (_, words, sentence) => {
    const [wrong, out] = [join(directory, 'wrong.glb'), join(directory, 'never.png')];
    await writeFile(wrong, (await readFile(scenePath)).subarray(0, 5_000));
    const { exitCode, stdout, stderr } = await hearth(['render', '--out', out, ...words(wrong), ...onSoftware]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(sentence);
    await expect(stat(out)).rejects.toThrow('ENOENT');
  });

  it.each([
    ['interrupted', 'SIGINT', 130],
    ['killed', 'SIGKILL', null],
  ] as const)('that is %s in the middle leaves the picture that was there', async (_, signal, code) => {
    const folder = await mkdtemp(join(directory, 'cut-'));
    const out = join(folder, 'picture.png');
    await writeFile(out, 'the picture of before');
    const args = ['render', '--size', '64x64', '--samples', '4096', '--out', out, ...onSoftware];
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', entry, ...args]);
    createInterface({ input: child.stderr }).on('line', (line) => {
      if (line.startsWith('Using the software adapter')) child.kill(signal);
    });
    const [ended] = await once(child, 'close');
    expect(ended).toBe(code);
    expect(await readFile(out, 'utf8')).toBe('the picture of before');
    expect(await readdir(folder)).toEqual(['picture.png']);
  });
});

describe('hearth verify', () => {
  it('finds that an honest receipt holds', async () => {
    const { exitCode, stdout } = await verify(formatReceiptDocument(createReceiptDocument()));
    expect([exitCode, JSON.parse(stdout).ok]).toEqual([0, true]);
  });

  it('names the checks that a receipt with a raised amount fails', async () => {
    const document = createReceiptDocument();
    const raised = { ...document, receipt: { ...document.receipt, amountDue: document.receipt.amountDue + 1n } };
    const { exitCode, stdout } = await verify(formatReceiptDocument(raised));
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; ok: boolean }[] };
    const failed = checks.filter((check) => !check.ok).map(({ name }) => name);
    expect([exitCode, ok, failed]).toEqual([1, false, ['amount', 'receipt-signature']]);
  });

  it('says what is wrong with a file that is no receipt', async () => {
    const { exitCode, stderr, stdout } = await verify('{"schema":"something/9"}');
    expect([exitCode, JSON.parse(stdout).error.code]).toEqual([1, 'RECEIPT_FORMAT']);
    expect(stderr).toMatch(/^hearth: .*schema.*hearth-receipt\/1/);
  });
});

describe('hearth against a running node', () => {
  let source: NodeSource;
  let server: ApiServer;
  beforeAll(async () => {
    source = createNodeSource(workingSnapshot);
    server = await startApiServer({ api: source, dataDirectory: directory });
  });
  afterAll(() => server.close());

  it('names in its status what needs the owner, most urgent first, with the fix', async () => {
    source.push(alarmedSnapshot);
    const { stdout } = await hearth(['status', '--data-dir', directory]);
    source.push({ alarms: [] });
    const lines = stdout.split('\n');
    const first = lines.findIndex((line) => line.startsWith('URGENT   0x7099'));
    expect(lines[first + 1]).toBe(
      '         Fix: Keep the node running and its wallet in gas, or run "hearth claim" now.',
    );
    expect(lines.filter((line) => line.startsWith('Warning  '))).toHaveLength(2);
    expect(lines.filter((line) => line.startsWith('Notice   '))).toHaveLength(1);
  });

  it('does not have its wallet changed under it', async () => {
    const { exitCode, stderr } = await hearth(['wallet', 'import', 'any.json', '--replace', '--data-dir', directory]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('stop it first: hearth stop')]);
  });

  it('shows its status, passes a pause on, and ends with 3 when the node says no', async () => {
    const status = await hearth(['status', '--data-dir', directory]);
    expect(status.stdout).toContain('State    Working: Working on 1 task.');
    expect(status.stdout).toContain('0.85216 USDC');
    const pause = await hearth(['pause', '1h30m', '--json', '--data-dir', directory]);
    expect([pause.exitCode, JSON.parse(pause.stdout).name]).toEqual([0, 'paused']);
    expect(source.asked.at(-1)).toEqual({ name: 'pause', parameters: { minutes: 90 } });
    source.refuseNext('claim', 'CLAIM_TOO_SMALL', 'the claim costs more than it brings');
    const claim = await hearth(['claim', '--data-dir', directory]);
    expect(claim).toEqual({ exitCode: 3, stdout: '', stderr: 'hearth: the claim costs more than it brings\n' });
  });
});
