import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openTuningCache } from '../../main/store/tuning-cache.ts';

let folder: string;
const logged: string[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-tuning-'));
  logged.length = 0;
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const open = (directory = folder) => openTuningCache(directory, (sentence) => logged.push(sentence));
const records = [{ key: 'k', choice: 'c' }];

test('what was measured is there the next time', async () => {
  await open().keep(records);
  expect(await open().read()).toEqual(records);
});

test.each([
  ['is missing', null],
  ['was cut off', '{"version":1,"records":[{"key":'],
  ['is of another version', '{"version":2,"records":[{"key":"k","choice":"c"}]}'],
  ['has no records', '{"version":1}'],
  ['is no object', 'null'],
  ['is too large to be one of ours', `"${'x'.repeat(1024 * 1024)}"`],
])('a file that %s means starting over', async (_, content) => {
  if (content !== null) await writeFile(join(folder, 'tuning.json'), content);
  expect(await open().read()).toEqual([]);
  await open().keep(records);
  expect(await open().read()).toEqual(records);
});

test('the newest of many quick changes is what the file has', async () => {
  const cache = open();
  const writes = [1, 2, 3, 4].map((count) => cache.keep([{ key: 'k', choice: `c${count}` }]));
  await Promise.all(writes);
  const { records: kept } = JSON.parse(await readFile(join(folder, 'tuning.json'), 'utf8'));
  expect(kept).toEqual([{ key: 'k', choice: 'c4' }]);
});

test('a folder that cannot be written is logged, and nothing else', async () => {
  await open(join(folder, 'missing')).keep(records);
  expect(logged).toEqual([expect.stringContaining('was not written, kernels are measured again next time')]);
});
