import type { TileResult } from '../../../worker/messages.ts';
import { createFilm, encodePreviewPng } from '../../requester/image/index.ts';
import { replaceFile } from '../files.ts';

/** A picture is encoded whole each time: not for every tile. */
const rewriteEveryMs = 1_000;

/** The picture as far as it has come, rewritten as tiles arrive; a viewer never sees half a file. */
export interface PreviewFile {
  add(peerId: string, pass: TileResult): void;
  /** One that an earlier run got. */
  keep(pass: TileResult): void;
  /** A part of the peer has ended: what it sent stays, or was found wrong and goes. */
  endPart(peerId: string, isKept: boolean): void;
  /** Resolves when the newest state is on the disk. @throws the error of writing it */
  finish(): Promise<void>;
}

export function createPreviewFile(options: {
  readonly path: string;
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly nowMs?: () => number;
}): PreviewFile {
  const { path, widthPixels, heightPixels, nowMs = () => performance.now() } = options;
  let passes: { readonly peerId: string; readonly pass: TileResult; isKept: boolean }[] = [];
  let writtenMs = Number.NEGATIVE_INFINITY;
  let writing: Promise<void> | null = null;

  async function write(): Promise<void> {
    const film = createFilm(widthPixels, heightPixels);
    for (const { pass } of passes) film.add(pass);
    await replaceFile(path, encodePreviewPng(film));
  }

  function schedule(): void {
    if (writing !== null || nowMs() - writtenMs < rewriteEveryMs) return;
    writtenMs = nowMs();
    // One that fails is tried again with the next tile, and at the end.
    writing = write()
      .catch(() => {})
      .finally(() => {
        writing = null;
      });
  }

  return {
    add(peerId, pass) {
      passes.push({ peerId, pass, isKept: false });
      schedule();
    },
    keep(pass) {
      passes.push({ peerId: '', pass, isKept: true });
      schedule();
    },
    endPart(peerId, isKept) {
      if (isKept) for (const entry of passes) entry.isKept ||= entry.peerId === peerId;
      else passes = passes.filter((entry) => entry.peerId !== peerId || entry.isKept);
    },
    async finish() {
      await writing;
      await write();
    },
  };
}
