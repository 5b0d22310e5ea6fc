import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { findLavapipe, unpackSwiftShader } from '../../worker/host/software-adapter.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-adapter-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe.runIf(process.platform === 'linux' && process.arch === 'x64')('the embedded software adapter', () => {
  it('is unpacked once when several processes start together, and leaves nothing else behind', async () => {
    const adapters = await Promise.all([1, 2, 3].map(() => unpackSwiftShader(directory)));
    expect(new Set(adapters.map(({ manifestPath }) => manifestPath)).size).toBe(1);
    expect(await readdir(directory)).toEqual([expect.stringMatching(/^swiftshader-\d+\.\d+\.\d+$/)]);
    const manifest = JSON.parse(await readFile(adapters[0]?.manifestPath ?? '', 'utf8')) as object;
    expect(manifest).toHaveProperty('ICD.library_path', './libvk_swiftshader.so');
  });

  it('is unpacked again where an earlier start was cut off', async () => {
    const { loaderPath } = await unpackSwiftShader(directory);
    const target = join(loaderPath ?? '', '..');
    await truncate(loaderPath ?? '', 10);
    await rm(join(target, 'package-version'));
    await unpackSwiftShader(directory);
    expect((await readFile(loaderPath ?? '')).byteLength).toBeGreaterThan(100_000);
  });

  it('is not unpacked again when it is complete', async () => {
    const { manifestPath } = await unpackSwiftShader(directory);
    const marker = join(manifestPath, '..', 'marker');
    await writeFile(marker, '');
    await unpackSwiftShader(directory);
    expect(await readFile(marker, 'utf8')).toBe('');
  });

  it('says where it cannot write', async () => {
    const file = join(directory, 'file');
    await writeFile(file, '');
    await expect(unpackSwiftShader(join(file, 'data'))).rejects.toThrow(/ENOTDIR/);
  });
});

describe.runIf(process.platform === 'linux')('finding lavapipe', () => {
  it('finds nothing where no driver is installed', () => {
    expect(findLavapipe([join(directory, 'missing'), directory])).toBeNull();
  });

  it('takes the manifest for this processor and leaves the loader to the system', async () => {
    await mkdir(join(directory, 'icd.d'));
    const names = ['lvp_icd.i686.json', 'lvp_icd.x86_64.json', 'lvp_icd.aarch64.json', 'radeon_icd.x86_64.json'];
    for (const name of names) await writeFile(join(directory, 'icd.d', name), '{}');
    const expected = process.arch === 'x64' ? 'lvp_icd.x86_64.json' : 'lvp_icd.aarch64.json';
    const found = findLavapipe([directory, join(directory, 'icd.d')]);
    expect(found).toEqual({ name: 'lavapipe', manifestPath: join(directory, 'icd.d', expected), loaderPath: null });
  });
});
