import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { HearthError } from '../../protocol/errors.ts';
import type { Sha256 } from '../../protocol/tasks.ts';

export type InputKind = 'model' | 'scene' | 'environment';

export interface StoredInput {
  readonly sha256: Sha256;
  readonly kind: InputKind;
  readonly path: string;
  readonly sizeBytes: number;
}

export type StoreErrorCode = 'STORE_UNREADABLE' | 'NOT_AN_INPUT';

export class StoreError extends HearthError<StoreErrorCode> {}

/** Models, scenes and environments by content hash. What a task names is a hash; where the file lies is the node's own business. */
export interface InputStore {
  find(sha256: Sha256): Promise<StoredInput | null>;
  list(): Promise<readonly StoredInput[]>;
}

const kindByExtension: Readonly<Record<string, InputKind>> = {
  '.gguf': 'model',
  '.glb': 'scene',
  '.hdr': 'environment',
  '.exr': 'environment',
};

/** The kind a file name stands for. @throws StoreError NOT_AN_INPUT naming the file and the endings that are known. */
export function inputKind(path: string): InputKind {
  const kind = kindByExtension[path.slice(path.lastIndexOf('.')).toLowerCase()];
  if (kind === undefined) {
    throw new StoreError(
      'NOT_AN_INPUT',
      `${path} is neither a model (.gguf) nor a scene (.glb) nor an environment (.hdr, .exr)`,
      { data: { path } },
    );
  }
  return kind;
}

/** sha256 of a file, streamed: a model is larger than memory. */
export async function hashFile(path: string): Promise<Sha256> {
  const hash = createHash('sha256');
  for await (const block of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(block as Buffer);
  return hash.digest('hex');
}

interface IndexEntry {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly sha256: Sha256;
}

/**
 * Opens the store over `directories` (the shipped assets and the owner's own folders; missing ones are empty). Hashes are
 * remembered in `indexPath` by path, size and modification time, so a restart does not read every model again.
 */
export async function openInputStore(options: {
  directories: readonly string[];
  indexPath: string;
}): Promise<InputStore> {
  const { directories, indexPath } = options;
  const index = await readIndex(indexPath);
  let inputs: Map<Sha256, StoredInput> | undefined;

  async function scan(): Promise<Map<Sha256, StoredInput>> {
    const found = new Map<Sha256, StoredInput>();
    let changed = false;
    for (const directory of directories) {
      for (const name of await listInputs(directory)) {
        const path = join(directory, name);
        const { size, mtimeMs } = await stat(path);
        let entry = index.get(path);
        if (entry === undefined || entry.sizeBytes !== size || entry.modifiedMs !== mtimeMs) {
          entry = { sizeBytes: size, modifiedMs: mtimeMs, sha256: await hashFile(path) };
          index.set(path, entry);
          changed = true;
        }
        if (!found.has(entry.sha256)) {
          found.set(entry.sha256, { sha256: entry.sha256, kind: inputKind(name), path, sizeBytes: size });
        }
      }
    }
    if (changed) await writeIndex(indexPath, index);
    return found;
  }

  return {
    async find(sha256) {
      inputs ??= await scan();
      const known = inputs.get(sha256);
      if (known !== undefined) return known;
      // A file may have been added since; an unknown hash is rare enough to look again.
      inputs = await scan();
      return inputs.get(sha256) ?? null;
    },
    async list() {
      inputs = await scan();
      return [...inputs.values()];
    },
  };
}

async function listInputs(directory: string): Promise<string[]> {
  try {
    const names = await readdir(directory);
    return names.filter((name) => /\.(gguf|glb|hdr|exr)$/i.test(name)).toSorted();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new StoreError('STORE_UNREADABLE', `the folder ${directory} cannot be read: ${(error as Error).message}`, {
      data: { directory },
      cause: error,
    });
  }
}

async function readIndex(indexPath: string): Promise<Map<string, IndexEntry>> {
  try {
    const parsed: unknown = JSON.parse(await readFile(indexPath, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null) return new Map();
    return new Map(Object.entries(parsed).filter((row): row is [string, IndexEntry] => isIndexEntry(row[1])));
  } catch {
    // A missing or damaged index only costs hashing again.
    return new Map();
  }
}

function isIndexEntry(value: unknown): value is IndexEntry {
  const entry = value as Partial<IndexEntry> | null;
  return (
    typeof entry === 'object' &&
    entry !== null &&
    typeof entry.sizeBytes === 'number' &&
    typeof entry.modifiedMs === 'number' &&
    /^[0-9a-f]{64}$/.test(String(entry.sha256))
  );
}

async function writeIndex(indexPath: string, index: ReadonlyMap<string, IndexEntry>): Promise<void> {
  await mkdir(join(indexPath, '..'), { recursive: true });
  const temporaryPath = `${indexPath}.${process.pid}.tmp`;
  await writeFile(temporaryPath, JSON.stringify(Object.fromEntries(index)));
  await rename(temporaryPath, indexPath);
}
