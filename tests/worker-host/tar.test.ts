import { describe, expect, it } from 'vitest';
import { ArchiveError, readTar } from '../../worker/host/tar.ts';

interface Entry {
  path: string;
  type?: string;
  size?: string;
  content?: string;
}

function makeTar(entries: readonly Entry[], options: { end?: boolean } = {}): Uint8Array {
  const blocks: Uint8Array[] = [];
  for (const { path, type = '0', content = '', size } of entries) {
    const header = Buffer.alloc(512);
    header.write(path, 0);
    header.write('0000644\0', 100);
    header.write(`${size ?? content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write(type, 156);
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    body.write(content);
    blocks.push(header, body);
  }
  if (options.end !== false) blocks.push(Buffer.alloc(1024));
  return Buffer.concat(blocks);
}

const damaged: { name: string; archive: Uint8Array; says: string }[] = [
  { name: 'a path that climbs out', archive: makeTar([{ path: 'a/../../etc/passwd' }]), says: 'leaves the target' },
  { name: 'an absolute path', archive: makeTar([{ path: '/etc/passwd' }]), says: 'leaves the target' },
  { name: 'a symbolic link', archive: makeTar([{ path: 'link', type: '2' }]), says: 'unsupported type 2' },
  { name: 'a size that is no number', archive: makeTar([{ path: 'a', size: '9x' }]), says: 'not an octal number' },
  { name: 'a file past the end', archive: makeTar([{ path: 'a', size: '77777' }]), says: 'the archive at' },
  { name: 'a missing end', archive: makeTar([{ path: 'a', content: 'x' }], { end: false }), says: 'end marker' },
  { name: 'an empty file', archive: new Uint8Array(0), says: 'end marker' },
];

describe('reading a tar archive', () => {
  for (const { name, archive, says } of damaged) {
    it(`refuses ${name}`, () => {
      expect(() => readTar(archive)).toThrowError(ArchiveError);
      expect(() => readTar(archive)).toThrowError(says);
    });
  }

  it('lists files with their bytes and leaves folders to their paths', () => {
    const long = 'b'.repeat(700);
    const archive = makeTar([
      { path: 'lib/', type: '5' },
      { path: 'lib/a.so', content: 'A' },
      { path: 'long', content: long },
      { path: 'none' },
    ]);
    const entries = readTar(archive).map(({ path, mode, bytes }) => [path, mode, new TextDecoder().decode(bytes)]);
    expect(entries).toEqual([
      ['lib/a.so', 0o644, 'A'],
      ['long', 0o644, long],
      ['none', 0o644, ''],
    ]);
  });
});
