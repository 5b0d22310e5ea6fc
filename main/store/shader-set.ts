import { readdir, readFile } from 'node:fs/promises';
import { join, relative, sep } from 'node:path';
import type { Hex } from '../../protocol/agreement.ts';
import { hashShaderSet } from '../../protocol/hashing/sha256.ts';
import { StoreError } from './input-store.ts';
import { errorText } from '../../protocol/errors.ts';

/**
 * Identity of the shaders this node runs, out of every .wgsl file below `shadersDirectory`. The GPU worker loads the same
 * files; a packaged build passes the constant its build script wrote instead.
 *
 * @throws StoreError STORE_UNREADABLE when the folder holds no shader: an empty set must never look like an agreed one.
 */
export async function readShaderSetHash(shadersDirectory: string): Promise<Hex> {
  const entries = await readdir(shadersDirectory, { recursive: true, withFileTypes: true }).catch((error: unknown) => {
    const reason = errorText(error);
    throw new StoreError('STORE_UNREADABLE', `the shaders in ${shadersDirectory} cannot be read: ${reason}`);
  });
  const paths = entries
    .filter((entry) => entry.isFile() && entry.name.endsWith('.wgsl'))
    .map((entry) => join(entry.parentPath, entry.name));
  if (paths.length === 0) throw new StoreError('STORE_UNREADABLE', `there is no shader in ${shadersDirectory}`);
  return hashShaderSet(
    await Promise.all(
      paths.map(async (path) => ({
        name: relative(shadersDirectory, path).split(sep).join('/'),
        text: await readFile(path, 'utf8'),
      })),
    ),
  );
}
