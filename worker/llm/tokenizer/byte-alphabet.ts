/**
 * The byte alphabet of byte-level BPE: every byte is written as one visible character, so that a vocabulary can be stored as text.
 * Printable Latin-1 stands for itself, the other 68 bytes take the code points from U+0100 on. Source: GPT-2's encoder.
 */
const BYTE_TO_CHARACTER: readonly string[] = buildAlphabet();
const CHARACTER_TO_BYTE: ReadonlyMap<string, number> = new Map(
  BYTE_TO_CHARACTER.map((character, byte) => [character, byte]),
);

function buildAlphabet(): string[] {
  let next = 0x100;
  return Array.from({ length: 256 }, (_, byte) => {
    const printable = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
    return String.fromCodePoint(printable ? byte : next++);
  });
}

export function characterOfByte(byte: number): string {
  return BYTE_TO_CHARACTER[byte] ?? '';
}

/** Undefined for characters that no byte is written as. */
export function byteOfCharacter(character: string): number | undefined {
  return CHARACTER_TO_BYTE.get(character);
}
