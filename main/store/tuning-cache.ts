import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../../protocol/errors.ts';
import type { TuningRecord } from '../../worker/messages.ts';

/** More than the worker's own bound on records ever takes. */
const limitBytes = 1024 * 1024;

/** Which kernel variants are fastest on this machine, kept between runs in `tuning.json` of the data folder. */
export interface TuningCache {
  /** As the file has them; the worker leaves out what is malformed. Empty when there is no file, or one that cannot be used. */
  read(): Promise<readonly TuningRecord[]>;
  /** Writes the newest records; resolves when the file has them. A disk that refuses is logged: nothing depends on it. */
  keep(records: readonly TuningRecord[]): Promise<void>;
}

export function openTuningCache(dataDirectory: string, log: (sentence: string) => void): TuningCache {
  const path = join(dataDirectory, 'tuning.json');
  let newest: readonly TuningRecord[] = [];
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    const records = newest;
    try {
      const temporaryPath = `${path}.${process.pid}.new`;
      await writeFile(temporaryPath, `${JSON.stringify({ version: 1, records })}\n`);
      await rename(temporaryPath, path);
    } catch (error) {
      log(`${path} was not written, kernels are measured again next time: ${errorText(error)}`);
    }
    // What came meanwhile makes one more write, however much it was.
    if (newest !== records) await write();
  }

  return {
    async read() {
      try {
        if ((await stat(path)).size > limitBytes) return [];
        const content: unknown = JSON.parse(await readFile(path, 'utf8'));
        const isKnown =
          typeof content === 'object' && content !== null && 'version' in content && content.version === 1;
        if (!isKnown || !('records' in content) || !Array.isArray(content.records)) return [];
        return content.records as readonly TuningRecord[];
      } catch {
        return [];
      }
    },
    keep(records) {
      newest = records;
      writing ??= write().finally(() => (writing = null));
      return writing;
    },
  };
}
