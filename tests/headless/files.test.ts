import { mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { writeOutputFile } from '../../main/headless/files.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hearth-files-'));
});
afterEach(() => rm(folder, { recursive: true }));

const bytes = (text: string) => new TextEncoder().encode(text);

test('a picture takes the place of the one before it, and nothing else is left in the folder', async () => {
  const path = join(folder, 'picture.png');
  await writeOutputFile('--out', path, bytes('first'));
  await writeOutputFile('--out', path, bytes('second'));
  expect(await readFile(path, 'utf8')).toBe('second');
  expect(await readdir(folder)).toEqual(['picture.png']);
});

test('one that cannot be written leaves what was there', async () => {
  const path = join(folder, 'picture.png');
  await writeFile(path, 'old');
  // Stands where the new one is written first.
  await mkdir(join(folder, 'picture.png.new'));
  await expect(writeOutputFile('--out', path, bytes('new'))).rejects.toMatchObject({
    code: 'FILE_UNWRITABLE',
    message: expect.stringContaining(`--out: cannot write ${path}: `),
  });
  expect(await readFile(path, 'utf8')).toBe('old');
});

test.runIf(process.platform !== 'win32')('a link stays a link, and a device is written as it is', async () => {
  await writeFile(join(folder, 'real.png'), 'old');
  await symlink('real.png', join(folder, 'link.png'));
  await writeOutputFile('--out', join(folder, 'link.png'), bytes('new'));
  expect(await readlink(join(folder, 'link.png'))).toBe('real.png');
  expect(await readFile(join(folder, 'real.png'), 'utf8')).toBe('new');
  await writeOutputFile('--out', '/dev/null', bytes('new'));
});
