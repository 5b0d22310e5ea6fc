/**
 * The patterns models cut text with, from their own tokenizer files as llama.cpp maps them (llm_tokenizer_bpe in llama-vocab.cpp), for
 * the `v` flag of regular expressions. Three things differ in writing, not in what they match:
 * `\s` is \p{White_Space}, since JavaScript's differs from Unicode's in U+0085 and U+FEFF; a range never includes white space, which
 * llama.cpp replaces before it looks; and where llama.cpp takes all letters for one class (\p{Lu}, \p{Ll}...: it sees case in ASCII
 * only), so does this.
 */
const SPACE = '\\p{White_Space}';
const OTHER = `[^${SPACE}\\p{L}\\p{N}]`;
const TRAILING_SPACES = `${SPACE}+(?!\\P{White_Space})|${SPACE}+`;
const LINES = `${SPACE}*[\\r\\n]+`;
const CONTRACTIONS = "'(?:[sStTmMdD]|[rR][eE]|[vV][eE]|[lL][lL])";
const ASCII_PUNCTUATION = '[!"#$%&\'\\(\\)*+,\\-.\\/:;<=>?@\\[\\\\\\]^_`\\{\\|\\}~]';
const LEAD = '[^\\r\\n\\p{L}\\p{N}]?';

/** Letters that may stand before, and after, the change from capitals to small letters: only ASCII tells them apart. */
const UPPER = '[\\p{L}--[a-z]]';
const LOWER = '[\\p{L}--[A-Z]]';
const UPPER_MARKED = '[[\\p{L}\\p{M}]--[a-z]]';
const LOWER_MARKED = '[[\\p{L}\\p{M}]--[A-Z]]';

/** Letters with case, of the Unicode version DeepSeek's pattern was written for. */
const CASED_LETTERS =
  'A-Za-z\\u00B5\\u00C0-\\u00D6\\u00D8-\\u00F6\\u00F8-\\u01BA\\u01BC-\\u01BF\\u01C4-\\u0293\\u0295-\\u02AF' +
  '\\u0370-\\u0373\\u0376\\u0377\\u037B-\\u037D\\u037F\\u0386\\u0388-\\u038A\\u038C\\u038E-\\u03A1' +
  '\\u03A3-\\u03F5\\u03F7-\\u0481\\u048A-\\u052F\\u0531-\\u0556\\u10A0-\\u10C5\\u13A0-\\u13F5\\u13F8-\\u13FD' +
  '\\u1C90-\\u1CBA\\u1CBD-\\u1CBF\\u1D00-\\u1D2B\\u1D6B-\\u1D77\\u1D79-\\u1D9A\\u1E00-\\u1F15\\u1F18-\\u1F1D' +
  '\\u1F20-\\u1F45\\u1F48-\\u1F4D\\u1F50-\\u1F57\\u1F59\\u1F5B\\u1F5D\\u1F5F-\\u1F7D\\u1F80-\\u1FB4' +
  '\\u1FB6-\\u1FBC\\u1FBE\\u1FC2-\\u1FC4\\u1FC6-\\u1FCC\\u1FD0-\\u1FD3\\u1FD6-\\u1FDB\\u1FE0-\\u1FEC' +
  '\\u1FF2-\\u1FF4\\u1FF6-\\u1FFC\\u2102\\u2107\\u210A-\\u2113\\u2115\\u2119-\\u211D\\u2124\\u2126\\u2128' +
  '\\u212A-\\u212D\\u212F-\\u2134\\u2139\\u213C-\\u213F\\u2145-\\u2149\\u214E\\u2183\\u2184\\u2C00-\\u2C7B' +
  '\\u2C7E-\\u2CE4\\u2CEB-\\u2CEE\\u2CF2\\u2CF3\\uA640-\\uA66D\\uA680-\\uA69B\\uA722-\\uA76F\\uA771-\\uA787' +
  '\\uA78B-\\uA78E\\uAB70-\\uABBF\\uFB00-\\uFB06\\uFB13-\\uFB17\\uFF21-\\uFF3A\\uFF41-\\uFF5A' +
  '\\u{10400}-\\u{1044F}\\u{104B0}-\\u{104D3}\\u{104D8}-\\u{104FB}\\u{10C80}-\\u{10CB2}\\u{10CC0}-\\u{10CF2}' +
  '\\u{118A0}-\\u{118DF}\\u{1E900}-\\u{1E943}';

/** llama.cpp's idea of Chinese characters (unicode_cpt_is_han), which is wider than the script where code points are not assigned. */
const HAN =
  '\\u4E00-\\u9FFF\\u3400-\\u4DBF\\u{20000}-\\u{2A6DF}\\u{2A700}-\\u{2EBEF}\\uF900-\\uFAFF\\u{2F800}-\\u{2FA1F}';

const ASIAN_SCRIPTS =
  '\\u4E00-\\u9FFF\\u3400-\\u4DBF\\u8C48-\\uFAFF\\u3040-\\u309F\\u30A0-\\u30FF\\uFF65-\\uFF9F\\u2F00-\\u2FDF' +
  '\\u0E40-\\u0E7F\\u0E80-\\u0EFF\\u1780-\\u17FF\\u1000-\\u109F\\uAA60-\\uAA7F\\uA9E0-\\uA9FF\\uAC00-\\uD7AF' +
  '\\u1100-\\u11FF';

export const NUMBER = '\\p{N}';
export const NUMBERS = '\\p{N}+';
export const THREE_NUMBERS = '\\p{N}{1,3}';
export const THREE_DIGITS = '[0-9][0-9][0-9]';
export const LINE_BREAK = '[\\r\\n]';
export const LINE_RUNS = '[^\\n]+|\\n+';
export const CHINESE_JAPANESE = '[\\u4E00-\\u9FA5\\u3040-\\u309F\\u30A0-\\u30FF]+';

export const GPT2 = `'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?${OTHER}+|${TRAILING_SPACES}`;

/** The Llama 3 family, by how it takes numbers. */
function llama(numbers: string, lines = LINES): string {
  return `${CONTRACTIONS}|${LEAD}\\p{L}+|${numbers}| ?${OTHER}+[\\r\\n]*|${lines}|${TRAILING_SPACES}`;
}
export const LLAMA3 = llama(THREE_NUMBERS);
export const QWEN2 = llama(NUMBER);
export const LLAMA_ANY_NUMBERS = llama(NUMBERS);
export const BAILING = llama(NUMBER, `${SPACE}*[\\r\\n]`);
export const WITHOUT_CONTRACTIONS = QWEN2.slice(CONTRACTIONS.length + 1);
export const QWEN35 =
  `${CONTRACTIONS}|${LEAD}[\\p{L}\\p{M}]+|\\p{N}| ?[^${SPACE}\\p{L}\\p{M}\\p{N}]+[\\r\\n]*|${LINES}|` + TRAILING_SPACES;
export const SEED_CODER = `${CONTRACTIONS}|${LEAD}\\p{L}+|\\p{N}| ?[^${SPACE}\\p{L}\\p{N}\\r\\n]+|${LINES}|${TRAILING_SPACES}`;
export const EXAONE_MOE =
  `${CONTRACTIONS}|${LEAD}(?:\\p{L}\\p{M}*(?: \\p{L}\\p{M}*)*)+|\\p{N}| ?${OTHER}+[\\r\\n\\/]?|${SPACE}*[\\r\\n]|` +
  TRAILING_SPACES;
/** White space in powers of two. */
export const JAIS2 =
  `${CONTRACTIONS}|${LEAD}\\p{L}+|${THREE_NUMBERS}| ?${OTHER}+[\\r\\n]*|${LINES}|` +
  [512, 256, 128, 64, 32, 16, 8, 4].map((count) => `${SPACE}{${count}}(?!\\P{White_Space})|`).join('') +
  `${SPACE}{1,2}(?!\\P{White_Space})|${SPACE}`;

/** Words by case: capitals, then small letters. */
function byCase(upper: string, lower: string, ending: string, numbers: string): string {
  return (
    `${LEAD}${upper}*${lower}+${ending}|${LEAD}${upper}+${lower}*${ending}|${numbers}| ?${OTHER}+[\\r\\n\\/]*|` +
    `${LINES}|${TRAILING_SPACES}`
  );
}
const ENDING = `(?:${CONTRACTIONS})?`;
export const TEKKEN = byCase(UPPER, LOWER, '', NUMBER);
export const GPT4O = byCase(UPPER, LOWER, ENDING, THREE_NUMBERS);
export const GRANITE_EMBEDDING = byCase(UPPER_MARKED, LOWER_MARKED, ENDING, THREE_NUMBERS);

/** As `byCase`, where no case is told apart at all. */
function anyCase(numbers: string): string {
  return `${LEAD}[\\p{L}\\p{M}]+${ENDING}|${numbers}| ?${OTHER}+[\\r\\n\\/]*|${LINES}|${TRAILING_SPACES}`;
}
export const TINY_AYA = anyCase(THREE_NUMBERS);
export const YOUTU = anyCase(NUMBER);
export const YOUTU_SCRIPTS =
  '[\\uAC00-\\uD7A3\\u3131-\\u318E]+|[\\uFF01\\u2026\\u201C\\u201D\\u2018\\u2019\\u2014\\uFF1A\\uFF1B\\uFF0C\\u3001-\\u303F\\uFE30-\\uFE4F]+|' +
  `[\\u3105-\\u312F]+|${CHINESE_JAPANESE}`;

export const KIMI_K2 =
  `[${HAN}]+|${LEAD}[\\p{L}--[${HAN}]]+${ENDING}|${THREE_NUMBERS}| ?${OTHER}+[\\r\\n]*|${LINES}|` + TRAILING_SPACES;

export const DEEPSEEK_LETTERS = `${SPACE}?[${CASED_LETTERS}]+`;
export const DEEPSEEK_PUNCTUATION = `${SPACE}?[!-\\/:-~\\uFF01-\\uFF0F\\uFF1A-\\uFF5E\\u2018-\\u201F\\u3001-\\u3002]+`;
/** Only where a run begins: retried at each of its characters, a long run in the middle of a text would take quadratic time. */
export const SPACES_AT_END = `(?<!${SPACE})${SPACE}+$`;
export const DEEPSEEK_SCRIPTS = `[[\\u4E00-\\u9FA5\\u0800-\\u4E00\\uAC00-\\uD7FF]--${SPACE}]+`;
export const DEEPSEEK_CODER_LETTERS = `${SPACE}?\\p{L}+`;
export const DEEPSEEK_CODER_PUNCTUATION = `${SPACE}?\\p{P}+`;
function deepSeek3(ending: string): string {
  return `${ASCII_PUNCTUATION}[A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+${ending}|${TRAILING_SPACES}`;
}
export const DEEPSEEK3 = deepSeek3(`[\\r\\n]*|${LINES}`);
export const SPARK = deepSeek3('|[\\r\\n]');
export const AFMOE_SCRIPTS = `[${ASIAN_SCRIPTS}]+`;

export const FALCON_PUNCTUATION = '[\\p{P}$+<=>\\^~\\|`]+';
export const DEFAULT_PUNCTUATION = '[\\p{P}$+<=>\\^~\\|]+';
export const BLOOM = ` ?[^\\(${SPACE}\\|.,!?\\u2026\\u3002\\uFF0C\\u3001\\u0964\\u06D4\\u060C\\)]+`;

export const CHAMELEON: readonly string[] = [
  '<sentinel:[0-9]+>',
  'IMGIMG[A-I]{1,4}Z',
  '[\\t\\n]|    |  ',
  NUMBER,
  '[\\p{P}!-\\/:-@\\[-`\\{-~]',
  GPT2,
];
