import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashFile, inputKind, openInputStore } from '../../main/store/input-store.ts';

describe('the input store', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hearth-store-'));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  const open = () =>
    openInputStore({ directories: [join(folder, 'missing'), folder], indexPath: join(folder, 'index.json') });

  it('refuses a file that is neither a model nor a scene', () => {
    expect(() => inputKind('notes.txt')).toThrow(
      'notes.txt is neither a model (.gguf) nor a scene (.glb) nor an environment (.hdr, .exr)',
    );
  });

  it('holds environments beside scenes', async () => {
    for (const name of ['sky.HDR', 'studio.exr', 'room.glb']) await writeFile(join(folder, name), name);
    const kinds = (await (await open()).list()).map(({ kind }) => kind);
    expect(kinds.toSorted()).toEqual(['environment', 'environment', 'scene']);
  });

  it('answers null for a hash nobody has', async () => {
    expect(await (await open()).find('0'.repeat(64))).toBeNull();
  });

  it('starts with a damaged index as if there were none', async () => {
    await writeFile(join(folder, 'index.json'), '{"broken": ');
    await writeFile(join(folder, 'a.glb'), 'scene');
    expect((await (await open()).list()).map((input) => input.kind)).toEqual(['scene']);
  });

  it('finds a model added after it was opened, by content and not by name', async () => {
    const store = await open();
    expect(await store.list()).toEqual([]);
    const path = join(folder, 'b.gguf');
    await writeFile(path, 'weights');
    const sha256 = await hashFile(path);
    expect(await store.find(sha256)).toEqual({ sha256, kind: 'model', path, sizeBytes: 7 });
  });

  it('hashes a changed file again although its name is in the index', async () => {
    const path = join(folder, 'b.gguf');
    await writeFile(path, 'weights');
    const before = (await (await open()).list())[0]?.sha256;
    await writeFile(path, 'other weights');
    const after = (await (await open()).list())[0]?.sha256;
    expect(after).not.toBe(before);
    expect(after).toBe(await hashFile(path));
  });
});
