/** One step of pre-tokenizing: cuts a piece of text into smaller ones, losing nothing. */
export type Cut = (piece: string) => string[];

/** Every match of the pattern is a piece, and so is what lies between two matches. */
export function cutByPattern(source: string): Cut {
  // `v` rather than `u` for the set differences some patterns need.
  const pattern = new RegExp(source, 'gv');
  return (text) => {
    const pieces: string[] = [];
    let end = 0;
    for (const match of text.matchAll(pattern)) {
      if (match.index > end) pieces.push(text.slice(end, match.index));
      if (match[0].length > 0) pieces.push(match[0]);
      end = match.index + match[0].length;
    }
    if (end < text.length) pieces.push(text.slice(end));
    return pieces;
  };
}

/**
 * Cuts after every third digit counted from the right end of a run: 1234567 is 1|234|567. What stands before a run stays with its first
 * group, as in llama.cpp (unicode_regex_split_custom_afmoe); the patterns after this one part them.
 */
export const cutNumbersFromRight: Cut = (text) => {
  const pieces: string[] = [];
  let end = 0;
  for (const match of text.matchAll(/\p{N}+/gu)) {
    const digits = [...match[0]];
    const first = digits.length % 3 === 0 ? 3 : digits.length % 3;
    let position = match.index;
    for (let from = 0, to = first; from < digits.length; from = to, to += 3) {
      position += digits.slice(from, to).join('').length;
      pieces.push(text.slice(end, position));
      end = position;
    }
  }
  if (end < text.length) pieces.push(text.slice(end));
  return pieces;
};

/** Cuts runs of ASCII digits into threes from the right, and nothing else. */
export const cutDigitsFromRight: Cut = (text) => {
  const pieces: string[] = [];
  let end = 0;
  for (const match of text.matchAll(/[0-9]{3,}/g)) {
    const stop = match.index + match[0].length;
    for (let position = match.index + (match[0].length % 3); position < stop; position += 3) {
      if (position > end) pieces.push(text.slice(end, position));
      end = position;
    }
  }
  if (end < text.length) pieces.push(text.slice(end));
  return pieces;
};

/** Runs the cuts one after the other, each on the pieces of the one before it; the words joined are the text. */
export function splitWords(text: string, cuts: readonly Cut[]): string[] {
  let pieces = [text];
  for (const cut of cuts) {
    const [only] = pieces;
    pieces = pieces.length === 1 && only !== undefined ? cut(only) : pieces.flatMap(cut);
  }
  return pieces;
}
