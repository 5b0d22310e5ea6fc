import { mkdir, open, readdir, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32 } from 'node:zlib';
import { errorText } from '../../protocol/errors.ts';
import { taskLimits } from '../../protocol/tasks.ts';
import { bytesToFloats, floatsToBytes } from '../../protocol/wire/payload-codecs.ts';
import type { TileResult } from '../../worker/messages.ts';

/** Of a picture that is larger the rest is not kept. */
const limitBytes = 8 * 1024 ** 3;
/** What nobody came back for. */
const oldestMs = 30 * 24 * 3_600_000;
const extension = '.passes';
const headerWords = 9;
const headerBytes = headerWords * 4;
const kinds = { pass: 1, drop: 2, confirm: 3 } as const;

/** A pass that an earlier run got. */
export interface KeptPass extends Pick<TileResult, 'tile' | 'firstSample' | 'sampleCount'> {
  /** Which delivery it came with. */
  readonly batch: number;
  /** The delivery ended and was not found wanting. */
  readonly isConfirmed: boolean;
}

/** The passes of one picture, in a file that is only ever written at its end: whatever kills the process, what came before is there. */
export interface KeptPasses {
  /** In the order in which they came, less what was dropped. */
  readonly passes: readonly KeptPass[];
  /** @throws the error of reading it */
  load(pass: KeptPass): Promise<TileResult>;
  /** A number for a delivery that begins. */
  nextBatch(): number;
  /** Returns at once; a disk that refuses is logged, and the rest is not kept. */
  keep(batch: number, pass: TileResult): void;
  confirm(batch: number): void;
  /** A delivery that was found wrong. */
  drop(batch: number): void;
  /** Resolves when all is written. */
  close(): Promise<void>;
  /** Closes and deletes it. */
  remove(): Promise<void>;
}

export interface UnfinishedPictures {
  /** What is there of the picture, or an empty beginning. @param identity hex digits. @throws the error of opening it */
  open(identity: string): Promise<KeptPasses>;
}

/** In `folder`, a file for each picture; those that nobody came back for within a month are deleted. */
export function openUnfinishedPictures(folder: string, log: (sentence: string) => void): UnfinishedPictures {
  return {
    async open(identity) {
      if (!/^[0-9a-f]{64}$/.test(identity)) throw new RangeError(`${identity} is not 64 hex digits`);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      await deleteOld(folder);
      const path = join(folder, `${identity}${extension}`);
      const file = await open(path, 'a+', 0o600);
      try {
        return await openPasses(file, path, log);
      } catch (error) {
        await file.close();
        throw error;
      }
    },
  };
}

async function deleteOld(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.endsWith(extension)) continue;
    const path = join(folder, name);
    if (Date.now() - (await stat(path)).mtimeMs > oldestMs) await rm(path, { force: true });
  }
}

interface Entry {
  readonly kind: number;
  readonly batch: number;
  readonly tile: TileResult['tile'];
  readonly firstSample: number;
  readonly sampleCount: number;
  readonly sumsBytes: number;
}

async function openPasses(file: FileHandle, path: string, log: (sentence: string) => void): Promise<KeptPasses> {
  const { entries, endBytes } = await scan(file);
  // What was being written when the process was killed.
  if (endBytes < (await file.stat()).size) await file.truncate(endBytes);
  const dropped = new Set(entries.filter(({ entry }) => entry.kind === kinds.drop).map(({ entry }) => entry.batch));
  const confirmed = new Set(
    entries.filter(({ entry }) => entry.kind === kinds.confirm).map(({ entry }) => entry.batch),
  );
  const places = new Map<KeptPass, number>();
  for (const { entry, at } of entries) {
    const { kind, batch, tile, firstSample, sampleCount } = entry;
    if (kind !== kinds.pass || dropped.has(batch)) continue;
    places.set({ batch, tile, firstSample, sampleCount, isConfirmed: confirmed.has(batch) }, at);
  }
  let batches = entries.reduce((most, { entry }) => Math.max(most, entry.batch + 1), 0);
  let sizeBytes = endBytes;
  let isBroken = false;
  let writing: Promise<void> = Promise.resolve();

  async function write(bytes: Uint8Array): Promise<void> {
    if (isBroken) return;
    try {
      await file.appendFile(bytes);
    } catch (error) {
      isBroken = true;
      log(`${path} could not be written, what comes from now on is not kept: ${errorText(error)}`);
    }
  }

  function append(entry: Entry, sums: Uint8Array): void {
    const bytes = encode(entry, sums);
    sizeBytes += bytes.length;
    if (sizeBytes > limitBytes) return;
    writing = writing.then(() => write(bytes));
  }

  const mark = (kind: number, batch: number): void =>
    append({ kind, batch, tile: { x0: 0, y0: 0, x1: 0, y1: 0 }, firstSample: 0, sampleCount: 0, sumsBytes: 0 }, empty);

  async function close(): Promise<void> {
    await writing;
    isBroken = true;
    await file.close();
  }

  return {
    passes: [...places.keys()],
    async load(pass) {
      const at = places.get(pass);
      if (at === undefined) throw new RangeError('the pass is not of this file');
      const { tile, firstSample, sampleCount } = pass;
      const sums = await readAt(file, at + headerBytes, pixelsOf(tile) * 16);
      return { tile, firstSample, sampleCount, sums: bytesToFloats(sums), durationMs: 0 };
    },
    nextBatch: () => batches++,
    keep(batch, { tile, firstSample, sampleCount, sums }) {
      const bytes = floatsToBytes(sums);
      append({ kind: kinds.pass, batch, tile, firstSample, sampleCount, sumsBytes: bytes.length }, bytes);
    },
    confirm: (batch) => mark(kinds.confirm, batch),
    drop: (batch) => mark(kinds.drop, batch),
    close,
    async remove() {
      await close();
      await rm(path, { force: true });
    },
  };
}

const empty = new Uint8Array(0);

/** Header, sums, checksum of both; little-endian. */
function encode(entry: Entry, sums: Uint8Array): Uint8Array {
  const { kind, batch, tile, firstSample, sampleCount } = entry;
  const bytes = new Uint8Array(headerBytes + sums.length + 4);
  const view = new DataView(bytes.buffer);
  [kind, batch, tile.x0, tile.y0, tile.x1, tile.y1, firstSample, sampleCount, sums.length].forEach((word, index) =>
    view.setUint32(index * 4, word, true),
  );
  bytes.set(sums, headerBytes);
  view.setUint32(headerBytes + sums.length, crc32(bytes.subarray(0, headerBytes + sums.length)), true);
  return bytes;
}

/** Every whole entry from the beginning, and where the first begins that is not. */
async function scan(file: FileHandle): Promise<{ entries: { entry: Entry; at: number }[]; endBytes: number }> {
  const { size } = await file.stat();
  const entries: { entry: Entry; at: number }[] = [];
  let at = 0;
  while (at + headerBytes + 4 <= size) {
    const header = await readAt(file, at, headerBytes);
    const entry = decodeHeader(header);
    if (entry === undefined || at + headerBytes + entry.sumsBytes + 4 > size) break;
    const rest = await readAt(file, at + headerBytes, entry.sumsBytes + 4);
    const found = new DataView(rest.buffer).getUint32(entry.sumsBytes, true);
    if (crc32(rest.subarray(0, entry.sumsBytes), crc32(header)) !== found) break;
    entries.push({ entry, at });
    at += headerBytes + entry.sumsBytes + 4;
  }
  return { entries, endBytes: at };
}

function decodeHeader(header: Uint8Array<ArrayBuffer>): Entry | undefined {
  const view = new DataView(header.buffer);
  const words = Array.from({ length: headerWords }, (_, index) => view.getUint32(index * 4, true));
  const [kind = 0, batch = 0, x0 = 0, y0 = 0, x1 = 0, y1 = 0, firstSample = 0, sampleCount = 0, sumsBytes = 0] = words;
  const tile = { x0, y0, x1, y1 };
  if (sumsBytes > taskLimits.tileSidePixels ** 2 * 16) return undefined;
  if (kind === kinds.pass && (x1 <= x0 || y1 <= y0 || sumsBytes !== pixelsOf(tile) * 16)) return undefined;
  return { kind, batch, tile, firstSample, sampleCount, sumsBytes };
}

function pixelsOf({ x0, y0, x1, y1 }: TileResult['tile']): number {
  return (x1 - x0) * (y1 - y0);
}

async function readAt(file: FileHandle, position: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  const { bytesRead } = await file.read(bytes, 0, length, position);
  if (bytesRead < length) throw new RangeError(`${length} bytes at ${position} are not there any more`);
  return bytes;
}
