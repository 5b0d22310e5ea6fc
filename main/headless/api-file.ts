import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** How a command finds the running node of a data folder. Readable by its owner only: the token is full control. */
export interface ApiFile {
  readonly version: 1;
  readonly port: number;
  readonly token: string;
  readonly pid: number;
}

export function apiFilePath(dataDirectory: string): string {
  return join(dataDirectory, 'api.json');
}

/** Replaces the file in one step, so that a reader never sees half of it. */
export async function writeApiFile(dataDirectory: string, content: ApiFile): Promise<void> {
  await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
  const path = apiFilePath(dataDirectory);
  const temporary = `${path}.${content.pid}.tmp`;
  await writeFile(temporary, `${JSON.stringify(content)}\n`, { mode: 0o600 });
  // An old temporary file keeps its mode when it is written over.
  await chmod(temporary, 0o600);
  await rename(temporary, path);
}

/** Undefined when there is none or it is not one of ours. */
export async function readApiFile(dataDirectory: string): Promise<ApiFile | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(apiFilePath(dataDirectory), 'utf8'));
    return isApiFile(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Removes the file unless another node has written its own since. */
export async function removeApiFile(dataDirectory: string, token: string): Promise<void> {
  const present = await readApiFile(dataDirectory);
  if (present?.token === token) await rm(apiFilePath(dataDirectory), { force: true });
}

function isApiFile(value: unknown): value is ApiFile {
  if (typeof value !== 'object' || value === null) return false;
  const { version, port, token, pid } = value as Partial<Record<keyof ApiFile, unknown>>;
  return version === 1 && Number.isInteger(port) && typeof token === 'string' && token !== '' && Number.isInteger(pid);
}
