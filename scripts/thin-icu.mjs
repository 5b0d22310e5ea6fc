// Blanks the languages in Node's built-in ICU data, all but English and the root: zeros pack to nothing, and the bench speaks one
// language. The table of contents stays, so that ICU opens as before; a blanked locale is refused by ICU itself, not misread.
const headerMagic = [0xda, 0x27];
const commonDataFormat = 'CmnD';
const perLanguage =
  /^[^/]+\/(?:coll|curr|lang|region|unit|zone|rbnf|brkitr|translit)\/|^[^/]+\/[a-z]{2,3}(?:_\w+)?\.res$|\.cnv$/;
const kept = /\/(?:root|pool|en|en_US|res_index|keyTypeData|tzdbNames|ucadata|icu4c)(?:\W|$)/;

/** Blanks in place. @returns how many bytes were blanked; 0 when the file holds no ICU data. */
export function thinIcuData(file) {
  const start = findCommonData(file);
  if (start === -1) return 0;
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const contents = start + view.getUint16(start, true);
  const count = view.getUint32(contents, true);
  const entries = Array.from({ length: count }, (_, index) => {
    const at = contents + 4 + index * 8;
    return { name: readName(file, contents + view.getUint32(at, true)), from: contents + view.getUint32(at + 4, true) };
  });
  let blanked = 0;
  for (const [index, { name, from }] of entries.entries()) {
    const next = entries[index + 1];
    if (next === undefined || !perLanguage.test(name) || kept.test(name)) continue;
    file.fill(0, from, next.from);
    blanked += next.from - from;
  }
  return blanked;
}

function findCommonData(file) {
  for (let at = file.indexOf(commonDataFormat); at !== -1; at = file.indexOf(commonDataFormat, at + 1)) {
    const start = at - 12;
    if (start % 16 === 0 && headerMagic.every((byte, index) => file[start + 2 + index] === byte)) return start;
  }
  return -1;
}

function readName(file, at) {
  return file.toString('latin1', at, file.indexOf(0, at));
}
