import * as patterns from './split-patterns.ts';
import { cutByPattern, cutDigitsFromRight, cutNumbersFromRight, type Cut } from './split-words.ts';

/** How a byte-pair vocabulary takes text apart before merging. */
export interface PreTokenizer {
  /** Applied in turn: each cuts the pieces of the one before it. */
  readonly cuts: readonly Cut[];
  /** A word that is a token is taken whole, without merging. */
  readonly ignoresMerges: boolean;
  /** Whether BOS is added where the file does not say. */
  readonly addsBos: boolean;
  /**
   * How bytes are written in the vocabulary: each as a character of the byte alphabet, or as UTF-8 with U+2581 for a space and `<0xXX>` for
   * a byte that has no token.
   */
  readonly writing: 'byte-alphabet' | 'utf-8';
  /** Runs of line feeds that are a token are taken whole. */
  readonly keepsLineFeeds: boolean;
}

interface Definition {
  readonly names: readonly string[];
  /** Patterns, or cuts that no pattern describes. */
  readonly cuts: readonly (string | Cut)[];
  readonly options?: Partial<Omit<PreTokenizer, 'cuts'>>;
}

const UTF8 = { writing: 'utf-8' } as const;
const p = patterns;

/** By `tokenizer.ggml.pre`. */
const DEFINITIONS: readonly Definition[] = [
  {
    names: ['default'],
    cuts: [p.DEFAULT_PUNCTUATION, p.GPT2, p.NUMBERS, p.THREE_DIGITS],
  },
  {
    names: [
      'gpt-2',
      'phi-2',
      'jina-es',
      'jina-de',
      'gigachat',
      'jina-v2-es',
      'jina-v2-de',
      'a.x-4.0',
      'mellum',
      'modern-bert',
      'jina-v1-en',
      'jina-v2-code',
      'roberta-bpe',
      'exaone4',
      'mpt',
      'olmo',
      'jais',
      'trillion',
      'granite-docling',
    ],
    cuts: [p.GPT2],
  },
  {
    names: ['starcoder', 'refact', 'command-r', 'smollm', 'codeshell', 'exaone', 'minerva-7b', 'mellum2'],
    cuts: [p.NUMBER, p.GPT2],
  },
  {
    names: ['llama3', 'llama-v3', 'llama-bpe', 'falcon3', 'falcon-h1', 'pixtral', 'midm-2.0', 'lfm2', 'jina-v5-nano'],
    cuts: [p.LLAMA3],
    options: { ignoresMerges: true, addsBos: true },
  },
  { names: ['dbrx', 'smaug-bpe', 'glm4', 'chatglm-bpe'], cuts: [p.LLAMA3] },
  { names: ['minicpm5'], cuts: [p.THREE_NUMBERS, p.LLAMA_ANY_NUMBERS], options: { ignoresMerges: true } },
  {
    names: ['qwen2', 'deepseek-r1-qwen', 'kormo', 'f2llmv2', 'megrez', 'stablelm2', 'hunyuan', 'solar-open', 'grok-2'],
    cuts: [p.QWEN2],
  },
  { names: ['qwen35'], cuts: [p.QWEN35] },
  { names: ['laguna'], cuts: [p.LINE_RUNS, p.QWEN2] },
  { names: ['ufakzeka'], cuts: [p.WITHOUT_CONTRACTIONS] },
  { names: ['bailingmoe', 'bailingmoe2', 'llada-moe'], cuts: [p.BAILING] },
  { names: ['seed-coder'], cuts: [p.SEED_CODER] },
  { names: ['exaone-moe'], cuts: [p.EXAONE_MOE] },
  { names: ['jais-2'], cuts: [p.JAIS2] },
  { names: ['tekken'], cuts: [p.TEKKEN], options: { ignoresMerges: true, addsBos: true } },
  { names: ['gpt-4o', 'llama4', 'kanana2', 'talkie', 'minimax-m2'], cuts: [p.GPT4O] },
  { names: ['granite-embed-multi-97m'], cuts: [p.GRANITE_EMBEDDING], options: { ignoresMerges: true } },
  { names: ['tiny_aya', 'cohere2moe'], cuts: [cutNumbersFromRight, p.TINY_AYA] },
  { names: ['youtu'], cuts: [p.YOUTU_SCRIPTS, p.YOUTU], options: { ignoresMerges: true } },
  { names: ['kimi-k2'], cuts: [p.KIMI_K2] },
  {
    names: ['deepseek-llm'],
    cuts: [p.LINE_BREAK, p.DEEPSEEK_LETTERS, p.DEEPSEEK_PUNCTUATION, p.SPACES_AT_END, p.DEEPSEEK_SCRIPTS, p.NUMBERS],
  },
  {
    names: ['deepseek-coder'],
    cuts: [p.LINE_BREAK, p.DEEPSEEK_CODER_LETTERS, p.DEEPSEEK_CODER_PUNCTUATION, p.DEEPSEEK_SCRIPTS, p.NUMBER],
  },
  {
    names: ['deepseek-v3', 'hunyuan-dense', 'joyai-llm', 'hy_v4'],
    cuts: [p.THREE_NUMBERS, p.CHINESE_JAPANESE, p.DEEPSEEK3],
  },
  { names: ['spark2_5'], cuts: [p.THREE_NUMBERS, p.CHINESE_JAPANESE, p.SPARK, p.NUMBER] },
  { names: ['afmoe'], cuts: [cutNumbersFromRight, p.AFMOE_SCRIPTS, p.DEEPSEEK3] },
  { names: ['falcon'], cuts: [p.FALCON_PUNCTUATION, p.GPT2, p.THREE_DIGITS] },
  { names: ['poro-chat', 'bloom', 'gpt3-finnish'], cuts: [p.BLOOM] },
  { names: ['viking'], cuts: [p.BLOOM, p.NUMBER] },
  { names: ['superbpe'], cuts: [p.NUMBERS, cutDigitsFromRight] },
  { names: ['chameleon'], cuts: p.CHAMELEON, options: { addsBos: true } },
  {
    names: ['gemma4', 'granite-embed-multi-311m'],
    cuts: [p.LINE_RUNS],
    options: { ...UTF8, addsBos: true, keepsLineFeeds: true },
  },
  { names: ['sarvam-moe'], cuts: [p.LINE_RUNS], options: UTF8 },
];

const DEFAULTS = { ignoresMerges: false, addsBos: false, writing: 'byte-alphabet', keepsLineFeeds: false } as const;

const definitionOfName = new Map(
  DEFINITIONS.flatMap((definition) => definition.names.map((name) => [name, definition])),
);
const made = new Map<Definition, PreTokenizer>();

export const PRE_TOKENIZER_NAMES: readonly string[] = [...definitionOfName.keys()];

/** Undefined for a name nobody has taught us. Patterns are compiled when first asked for. */
export function findPreTokenizer(name: string): PreTokenizer | undefined {
  const definition = definitionOfName.get(name);
  if (definition === undefined) return undefined;
  const known = made.get(definition);
  if (known !== undefined) return known;
  const cuts = definition.cuts.map((cut) => (typeof cut === 'string' ? cutByPattern(cut) : cut));
  const preTokenizer = { ...DEFAULTS, ...definition.options, cuts };
  made.set(definition, preTokenizer);
  return preTokenizer;
}
