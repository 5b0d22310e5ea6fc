// Takes the symbol table and the section headers off a 64-bit little-endian ELF file: everything behind the last byte that is loaded.
const sectionFlagAllocated = 2n;
const typeWithoutBytes = 8;

/** @throws RangeError when the file is not of that kind. */
export function stripElf(file) {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0) !== 0x7f454c46 || view.getUint8(4) !== 2 || view.getUint8(5) !== 1) {
    throw new RangeError('not a 64-bit little-endian ELF file');
  }
  let end = programHeadersEnd(view);
  const sections = Number(view.getBigUint64(0x28, true));
  const entryBytes = view.getUint16(0x3a, true);
  for (let index = 0; index < view.getUint16(0x3c, true); index++) {
    const at = sections + index * entryBytes;
    const isAllocated = (view.getBigUint64(at + 8, true) & sectionFlagAllocated) !== 0n;
    if (!isAllocated || view.getUint32(at + 4, true) === typeWithoutBytes) continue;
    end = Math.max(end, Number(view.getBigUint64(at + 0x18, true) + view.getBigUint64(at + 0x20, true)));
  }
  const stripped = Buffer.from(file.subarray(0, end));
  const header = new DataView(stripped.buffer, stripped.byteOffset, 0x40);
  header.setBigUint64(0x28, 0n, true);
  header.setUint16(0x3c, 0, true);
  header.setUint16(0x3e, 0, true);
  return stripped;
}

/** Segments are what the loader maps; their headers too must stay. */
function programHeadersEnd(view) {
  const start = Number(view.getBigUint64(0x20, true));
  const entryBytes = view.getUint16(0x36, true);
  let end = start + entryBytes * view.getUint16(0x38, true);
  for (let index = 0; index < view.getUint16(0x38, true); index++) {
    const at = start + index * entryBytes;
    end = Math.max(end, Number(view.getBigUint64(at + 8, true) + view.getBigUint64(at + 0x20, true)));
  }
  return end;
}
