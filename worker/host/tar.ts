import { HearthError } from '../../protocol/errors.ts';

export class ArchiveError extends HearthError<'DAMAGED_ARCHIVE'> {}

export interface TarEntry {
  readonly path: string;
  readonly mode: number;
  readonly bytes: Uint8Array;
}

const blockBytes = 512;

/**
 * Lists the regular files of an uncompressed tar archive (ustar or GNU, names under 100 bytes). Directories are implied by
 * the paths; links and devices are refused, as is every path that leaves the target.
 *
 * @throws ArchiveError naming the entry or the offset.
 */
export function readTar(archive: Uint8Array): TarEntry[] {
  const entries: TarEntry[] = [];
  let offset = 0;
  while (offset + blockBytes <= archive.byteLength) {
    const header = archive.subarray(offset, offset + blockBytes);
    if (header.every((byte) => byte === 0)) return entries;
    const path = readText(header, 0, 100);
    const sizeBytes = readOctal(header, 124, 12, offset);
    const type = readText(header, 156, 1);
    const start = offset + blockBytes;
    if (start + sizeBytes > archive.byteLength) {
      throw damaged(`${path} ends at byte ${start + sizeBytes}, the archive at ${archive.byteLength}`, offset);
    }
    if (path.startsWith('/') || path.split(/[/\\]/).includes('..')) throw damaged(`${path} leaves the target`, offset);
    if (type === '0' || type === '') {
      entries.push({
        path,
        mode: readOctal(header, 100, 8, offset),
        bytes: archive.subarray(start, start + sizeBytes),
      });
    } else if (type !== '5') {
      throw damaged(`${path} has the unsupported type ${type}`, offset);
    }
    offset = start + Math.ceil(sizeBytes / blockBytes) * blockBytes;
  }
  throw damaged('the end marker is missing', offset);
}

function readText(header: Uint8Array, start: number, length: number): string {
  const field = header.subarray(start, start + length);
  const end = field.indexOf(0);
  return new TextDecoder().decode(end === -1 ? field : field.subarray(0, end));
}

function readOctal(header: Uint8Array, start: number, length: number, offset: number): number {
  const text = readText(header, start, length).trim();
  if (!/^[0-7]+$/.test(text)) throw damaged(`"${text}" is not an octal number`, offset);
  return Number.parseInt(text, 8);
}

function damaged(reason: string, offset: number): ArchiveError {
  return new ArchiveError('DAMAGED_ARCHIVE', `the tar archive is damaged at byte ${offset}: ${reason}`, {
    data: { offset },
  });
}
