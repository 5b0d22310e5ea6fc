import type { GgufMetadata } from '../gguf/metadata.ts';
import { TOKEN_TYPE, type TokenTable } from './token-table.ts';

/** What tokens are for, beyond the text they print. */
export interface TokenRoles {
  /** Structure, not text: matched in text only when asked, never printed. */
  readonly controlTokens: ReadonlySet<number>;
  /** Matched as they stand wherever they appear. */
  readonly userTokens: ReadonlySet<number>;
  /** An answer ends at them. */
  readonly stopTokens: ReadonlySet<number>;
  readonly stripsLeft: ReadonlySet<number>;
  readonly stripsRight: ReadonlySet<number>;
}

/** Files do not say which tokens end an answer; as in llama.cpp (llama_vocab::impl::load) their names do, whatever their type. */
const ENDINGS = [
  '<|eot_id|>',
  '<|im_end|>',
  '<|end|>',
  '<|return|>',
  '<|call|>',
  '<|flush|>',
  '<|calls|>',
  '<end_of_turn>',
  '<|endoftext|>',
  '</s>',
  '<|eom_id|>',
  '<EOT>',
  '_<EOT>',
  '[EOT]',
  '[EOS]',
  '<|end_of_text|>',
  '<end_of_utterance>',
  '<eos>',
  '<turn|>',
  '<|tool_response>',
  '<｜end▁of▁sentence｜>',
  '[e~[',
];

/** Fill-in-the-middle marks; the first of a group that the vocabulary has, unless the file names another. */
const MIDDLE_MARKS: readonly {
  readonly keys: readonly string[];
  readonly names: readonly string[];
  readonly ends: boolean;
}[] = [
  {
    keys: ['fim_pre_token_id', 'prefix_token_id'],
    names: [
      '<|fim_prefix|>',
      '<fim-prefix>',
      '<fim_prefix>',
      '<｜fim▁begin｜>',
      '<PRE>',
      '▁<PRE>',
      '<|code_prefix|>',
      '<|prefix|>',
    ],
    ends: false,
  },
  {
    keys: ['fim_suf_token_id', 'suffix_token_id'],
    names: [
      '<|fim_suffix|>',
      '<fim-suffix>',
      '<fim_suffix>',
      '<｜fim▁hole｜>',
      '<SUF>',
      '▁<SUF>',
      '<|code_suffix|>',
      '<|suffix|>',
    ],
    ends: false,
  },
  {
    keys: ['fim_mid_token_id', 'middle_token_id'],
    names: [
      '<|fim_middle|>',
      '<fim-middle>',
      '<fim_middle>',
      '<｜fim▁end｜>',
      '<MID>',
      '▁<MID>',
      '<|code_middle|>',
      '<|middle|>',
    ],
    ends: false,
  },
  { keys: ['fim_pad_token_id'], names: ['<|fim_pad|>', '<fim-pad>', '<fim_pad>', '<PAD>', '[PAD]'], ends: true },
  {
    keys: ['fim_rep_token_id'],
    names: ['<|fim_repo|>', '<|repo_name|>', '<fim-repo>', '<REPO>', '<reponame>'],
    ends: true,
  },
  { keys: ['fim_sep_token_id'], names: ['<|file_sep|>'], ends: true },
];

/** `endTokens`: ids the file itself names as ends (eos, eot, eom). @throws GgufError for an id outside the vocabulary */
export function readTokenRoles(metadata: GgufMetadata, table: TokenTable, endTokens: readonly number[]): TokenRoles {
  const { texts, idOfText, types } = table;
  const controlTokens = new Set<number>();
  const userTokens = new Set<number>();
  types.forEach((type, id) => {
    if (type === TOKEN_TYPE.control || type === TOKEN_TYPE.unknown) controlTokens.add(id);
    if (type === TOKEN_TYPE.userDefined) userTokens.add(id);
  });
  const stopTokens = new Set(endTokens);
  const makeControl = (id: number) => {
    controlTokens.add(id);
    userTokens.delete(id);
  };
  for (const { keys, names, ends } of MIDDLE_MARKS) {
    const key = keys.map((name) => `tokenizer.ggml.${name}`).find((name) => metadata.has(name));
    const named = names.map((name) => idOfText.get(name)).find((id) => id !== undefined);
    if (key === undefined && named !== undefined) makeControl(named);
    const mark = key === undefined ? named : metadata.integer(key, 0, texts.length - 1);
    if (ends && mark !== undefined) stopTokens.add(mark);
  }
  const idsOf = (names: readonly string[]) => names.flatMap((name) => idOfText.get(name) ?? []);
  for (const id of idsOf(ENDINGS)) {
    stopTokens.add(id);
    makeControl(id);
  }
  leaveOutFalseEndings(table, { controlTokens, stopTokens });
  return {
    controlTokens,
    userTokens,
    stopTokens,
    ...readStripping(metadata, table, [...controlTokens, ...userTokens]),
  };
}

/** Some vocabularies have an ending's name for something else. */
function leaveOutFalseEndings(
  { idOfText, types }: TokenTable,
  { controlTokens, stopTokens }: { readonly controlTokens: Set<number>; readonly stopTokens: Set<number> },
): void {
  const has = (name: string) => idOfText.has(name);
  const end = idOfText.get('<|end|>');
  // Harmony and Solar: `<|end|>` closes a message of several that make one answer.
  const isMessageEnd =
    (has('<|return|>') && has('<|call|>')) || (has('<|flush|>') && (has('<|call|>') || has('<|calls|>')));
  if (end !== undefined && isMessageEnd) stopTokens.delete(end);
  const close = idOfText.get('</s>');
  // Gemma 4: `</s>` is an HTML tag.
  if (close !== undefined && has('<|tool_response>')) {
    stopTokens.delete(close);
    if (types[close] !== TOKEN_TYPE.control) controlTokens.delete(close);
  }
}

/** Which tokens take the white space beside them is in no file: llama.cpp knows these by the names of model and pre-tokenizer. */
function readStripping(
  metadata: GgufMetadata,
  { idOfText }: TokenTable,
  specialTokens: readonly number[],
): Pick<TokenRoles, 'stripsLeft' | 'stripsRight'> {
  const name = metadata.text('general.name', '').toLowerCase();
  const pre = metadata.text('tokenizer.ggml.pre', '');
  const stripsLeft = new Set<number>();
  const stripsRight = new Set<number>();
  if (/jina-v2-(?:de|es|code)/.test(pre)) {
    const mask = idOfText.get('<mask>');
    if (mask !== undefined) stripsLeft.add(mask);
  } else if (/phi-?3/.test(name)) {
    for (const id of specialTokens) stripsRight.add(id);
    for (const text of ['<unk>', '<s>', '<|endoftext|>']) stripsRight.delete(idOfText.get(text) ?? -1);
  } else if (name.includes('modern-bert')) {
    const mask = idOfText.get('[MASK]');
    if (mask !== undefined) stripsLeft.add(mask);
  }
  return { stripsLeft, stripsRight };
}
