import { stat } from 'node:fs/promises';
import { hashFile, type InputKind, type StoredInput } from '../../store/input-store.ts';
import { checkInputFile } from '../files.ts';

/** A file that a task names by its hash. @throws CommandError FILE_UNREADABLE */
export async function readBoughtInput(option: string, path: string, kind: InputKind): Promise<StoredInput> {
  const absolute = await checkInputFile(option, path);
  const [sha256, { size }] = await Promise.all([hashFile(absolute), stat(absolute)]);
  return { sha256, kind, path: absolute, sizeBytes: size };
}
