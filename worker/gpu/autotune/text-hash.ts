/**
 * 64 bits of a text as 16 hexadecimal digits: two multiplicative hashes with a final mix (MurmurHash3's). Tells shader texts apart; no
 * protection against who wants two to collide.
 */
export function hashText(text: string): string {
  return [0x9e3779b1, 0x85ebca77].map((seed) => hash32(text, seed).toString(16).padStart(8, '0')).join('');
}

function hash32(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
