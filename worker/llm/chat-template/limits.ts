/** Caps on a chat template and what it may compute. The longest template in llama.cpp's collection has 17 kB. */
export const TEMPLATE_LIMITS = {
  templateCharacters: 256 * 1024,
  /** The reader matches white space before a tag from every character of a run: quadratic in its length. */
  whiteSpaceRun: 1024,
  /** All strings of messages, tools and variables together. */
  inputCharacters: 4 * 1024 * 1024,
  messages: 4096,
  inputDepth: 32,
  outputCharacters: 8 * 1024 * 1024,
  /** Characters and elements of one value, counted as often as they would be written out. */
  valueSize: 8 * 1024 * 1024,
  valueDepth: 64,
  /** What an operation could make at most, e.g. text length times replacement length. */
  operationSize: 64 * 1024 * 1024,
  rangeLength: 10_000,
  callDepth: 400,
  /** One per evaluated node, and one per sixteen characters it handles; about 50 ns each. */
  work: 20_000_000,
  /** In case a unit of work is slower than we think. */
  durationMs: 5_000,
} as const;
