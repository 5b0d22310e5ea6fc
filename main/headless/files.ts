import { constants } from 'node:fs';
import { access, mkdir, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { GpuWorkerError } from '../node/gpu-worker.ts';
import { CommandError } from './cli-errors.ts';

/** The absolute path of a readable file. @throws CommandError FILE_UNREADABLE naming option and path. */
export async function checkInputFile(option: string, path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    await access(absolute, constants.R_OK);
    if (!(await stat(absolute)).isFile()) throw new Error('it is not a file');
    return absolute;
  } catch (error) {
    throw unreadable(option, absolute, error);
  }
}

/** @throws CommandError FILE_UNREADABLE, or FILE_INVALID over `limitBytes`. */
export async function readTextFile(option: string, path: string, limitBytes: number): Promise<string> {
  const absolute = await checkInputFile(option, path);
  const { size } = await stat(absolute);
  if (size > limitBytes) {
    throw new CommandError('FILE_INVALID', `${option}: ${absolute} has ${size} bytes, the limit is ${limitBytes}`, {
      data: { path: absolute, sizeBytes: size, limitBytes },
    });
  }
  return readFile(absolute, 'utf8').catch((error: unknown) => {
    throw unreadable(option, absolute, error);
  });
}

/**
 * Names the option and the file in what the worker says about its bytes; code and numbers stay. `beside` is another file
 * that goes with it, whose faults the worker begins with its `word`.
 */
export async function nameFileInErrors<Result>(
  option: string,
  path: string,
  load: () => Promise<Result>,
  beside?: { readonly word: string; readonly option: string; readonly path: string },
): Promise<Result> {
  try {
    return await load();
  } catch (error) {
    if (!(error instanceof GpuWorkerError) || error.code === 'ABORTED') throw error;
    const { code, data, message } = error;
    const named =
      beside !== undefined && message.startsWith(`${beside.word}: `)
        ? `${beside.option} ${beside.path}${message.slice(beside.word.length)}`
        : `${option} ${path}: ${message}`;
    throw new GpuWorkerError(code, named, { data, cause: error });
  }
}

/** Checked before the work, so that an hour of rendering does not end in a folder that is missing. */
export async function prepareOutputFile(option: string, path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    await mkdir(dirname(absolute), { recursive: true });
    await access(dirname(absolute), constants.W_OK);
    if (
      await stat(absolute).then(
        (entry) => entry.isDirectory(),
        () => false,
      )
    )
      throw new Error('it is a folder');
    return absolute;
  } catch (error) {
    throw unwritable(option, absolute, error);
  }
}

/** Whole or not at all: killed or out of space in the middle, what was there before is there still. @throws CommandError FILE_UNWRITABLE */
export async function writeOutputFile(option: string, path: string, bytes: Uint8Array): Promise<void> {
  await replaceFile(path, bytes).catch((error: unknown) => {
    throw unwritable(option, path, error);
  });
}

/** A reader sees the old file or the new one, never half of it. A pipe or a device is written as it is. */
export async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const isSpecial = await stat(path).then(
    (entry) => !entry.isFile(),
    () => false,
  );
  if (isSpecial) return writeFile(path, bytes);
  // Where a link leads, so that the link stays one.
  const target = await realpath(path).catch(() => path);
  const temporary = `${target}.new`;
  try {
    await writeFile(temporary, bytes);
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
}

function unreadable(option: string, path: string, error: unknown): CommandError {
  return new CommandError('FILE_UNREADABLE', `${option}: cannot read ${path}: ${describe(error)}`, {
    data: { path },
    cause: error,
  });
}

function unwritable(option: string, path: string, error: unknown): CommandError {
  return new CommandError('FILE_UNWRITABLE', `${option}: cannot write ${path}: ${describe(error)}`, {
    data: { path },
    cause: error,
  });
}

const sentences: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'permission denied',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of the path is not a folder',
  ENOSPC: 'the disk is full',
  EROFS: 'the disk is read-only',
};

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error ? String(error.code) : '';
  return sentences[code] ?? error.message;
}
