/**
 * How text is cut into words before merging, by `tokenizer.ggml.pre`. Patterns are those of the models' own tokenizer files, as
 * llama.cpp maps them (llama-vocab.cpp, llama_vocab::impl::load); `\s` is written as \p{White_Space}, since JavaScript's differs
 * from Unicode's in U+0085 and U+FEFF.
 */
export interface PreTokenizer {
  /** Applied in turn: each cuts the pieces of the one before it. */
  readonly patterns: readonly RegExp[];
  /** A word that is a token is taken whole, without merging. */
  readonly ignoresMerges: boolean;
  /** Whether BOS is added where the file does not say. */
  readonly addsBos: boolean;
}

const SPACE = '\\p{White_Space}';
const CONTRACTIONS = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
const GPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^${SPACE}\\p{L}\\p{N}]+|${SPACE}+(?!\\P{White_Space})|${SPACE}+`;
const LLAMA3 = llamaPattern('\\p{N}{1,3}');
const QWEN2 = llamaPattern('\\p{N}');

function llamaPattern(numbers: string): string {
  return [
    CONTRACTIONS,
    '[^\\r\\n\\p{L}\\p{N}]?\\p{L}+',
    numbers,
    ` ?[^${SPACE}\\p{L}\\p{N}]+[\\r\\n]*`,
    `${SPACE}*[\\r\\n]+`,
    `${SPACE}+(?!\\P{White_Space})`,
    `${SPACE}+`,
  ].join('|');
}

function define(patterns: readonly string[], ignoresMerges = false, addsBos = false): PreTokenizer {
  return { patterns: patterns.map((pattern) => new RegExp(pattern, 'gu')), ignoresMerges, addsBos };
}

const gpt2 = define([GPT2]);
const llama3 = define([LLAMA3], true, true);
const smollm = define(['\\p{N}', GPT2]);
const qwen2 = define([QWEN2]);

export const PRE_TOKENIZERS: ReadonlyMap<string, PreTokenizer> = new Map([
  ['gpt-2', gpt2],
  ['phi-2', gpt2],
  ['mpt', gpt2],
  ['olmo', gpt2],
  ['jais', gpt2],
  ['llama3', llama3],
  ['llama-v3', llama3],
  ['llama-bpe', llama3],
  ['smollm', smollm],
  ['qwen2', qwen2],
]);

/** Cuts `text` into words; nothing is lost: the words joined are the text. */
export function splitWords(text: string, preTokenizer: PreTokenizer): string[] {
  let pieces = [text];
  for (const pattern of preTokenizer.patterns) {
    pieces = pieces.flatMap((piece) => cut(piece, pattern));
  }
  return pieces;
}

function cut(text: string, pattern: RegExp): string[] {
  const pieces: string[] = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > end) pieces.push(text.slice(end, match.index));
    if (match[0].length > 0) pieces.push(match[0]);
    end = match.index + match[0].length;
  }
  if (end < text.length) pieces.push(text.slice(end));
  return pieces;
}
