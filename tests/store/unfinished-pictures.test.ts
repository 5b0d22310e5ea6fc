import { mkdtemp, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type KeptPasses, openUnfinishedPictures } from '../../main/store/unfinished-pictures.ts';
import type { TileResult } from '../../worker/messages.ts';

const identity = 'ab'.repeat(32);
const path = () => join(folder, `${identity}.passes`);
let folder: string;
let said: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-unfinished-'));
  said = [];
});
afterEach(() => rm(folder, { recursive: true }));

const openKept = () => openUnfinishedPictures(folder, (sentence) => said.push(sentence)).open(identity);

function pass(firstSample: number): TileResult {
  const sums = Float32Array.from({ length: 2 * 3 * 4 }, (_, index) => firstSample + index / 8);
  return { tile: { x0: 4, y0: 8, x1: 6, y1: 11 }, firstSample, sampleCount: 2, sums, durationMs: 0 };
}

async function loadAll(kept: KeptPasses): Promise<TileResult[]> {
  const loaded: TileResult[] = [];
  for (const entry of kept.passes) loaded.push(await kept.load(entry));
  return loaded;
}

/** Three passes in three deliveries. */
async function keepThree(): Promise<void> {
  const kept = await openKept();
  for (const firstSample of [0, 2, 4]) kept.keep(kept.nextBatch(), pass(firstSample));
  await kept.close();
}

test('passes are there again for whoever comes back, without those that were found wrong', async () => {
  const first = await openKept();
  expect(first.passes).toEqual([]);
  const [right, wrong, open] = [first.nextBatch(), first.nextBatch(), first.nextBatch()];
  first.keep(right, pass(0));
  first.keep(wrong, pass(2));
  first.keep(open, pass(4));
  first.confirm(right);
  first.drop(wrong);
  await first.close();
  const again = await openKept();
  expect(again.passes.map(({ firstSample, isConfirmed }) => [firstSample, isConfirmed])).toEqual([
    [0, true],
    [4, false],
  ]);
  expect(await loadAll(again)).toEqual([pass(0), pass(4)]);
  expect(again.nextBatch()).toBe(3);
  await again.remove();
  expect(await readdir(folder)).toEqual([]);
});

test('a write that was torn anywhere costs that pass alone, and what comes next follows the last whole one', async () => {
  await keepThree();
  const whole = await readFile(path());
  const entryBytes = whole.length / 3;
  for (let end = entryBytes * 2; end < whole.length; end += 7) {
    await writeFile(path(), whole.subarray(0, end));
    const kept = await openKept();
    expect(await loadAll(kept)).toEqual([pass(0), pass(2)]);
    kept.keep(kept.nextBatch(), pass(6));
    await kept.close();
    const again = await openKept();
    expect(await loadAll(again)).toEqual([pass(0), pass(2), pass(6)]);
    await again.close();
  }
});

test.each([
  ['a sum', 40],
  ['a side of the tile', 8],
  ['the length', 34],
  ['the checksum', -1],
])('%s that the disk has changed ends what is believed', async (_name, place) => {
  await keepThree();
  const bytes = await readFile(path());
  const entryBytes = bytes.length / 3;
  const at = place < 0 ? entryBytes * 2 - 1 : entryBytes + place;
  bytes[at] = (bytes[at] as number) ^ 0x41;
  await writeFile(path(), bytes);
  const kept = await openKept();
  expect(await loadAll(kept)).toEqual([pass(0)]);
  await kept.close();
});

test('what nobody came back for within a month is deleted', async () => {
  const names = ['old.passes', 'young.passes', 'old.txt'];
  for (const name of names) await writeFile(join(folder, name), '');
  const monthAgo = Date.now() / 1000 - 31 * 24 * 3600;
  for (const name of ['old.passes', 'old.txt']) await utimes(join(folder, name), monthAgo, monthAgo);
  await (await openKept()).remove();
  expect((await readdir(folder)).toSorted()).toEqual(['old.txt', 'young.passes']);
});

test('a name that is not a hash is not made a path of', async () => {
  const store = openUnfinishedPictures(folder, () => {});
  await expect(store.open('../elsewhere')).rejects.toThrow('../elsewhere is not 64 hex digits');
});
