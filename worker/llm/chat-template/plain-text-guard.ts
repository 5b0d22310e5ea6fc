import { PrefixIndex } from '../tokenizer/prefix-index.ts';
import type { JsonValue } from './chat-message.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { TemplateError } from './template-error.ts';

/** Unicode's noncharacters: no text contains them, no template looks for them. */
const MARKS = Array.from({ length: 32 }, (_, index) => String.fromCharCode(0xfdd0 + index));

/**
 * Keeps structure that strangers write into a conversation plain text. A template's output is one string in which the model's control
 * tokens are found by their text; so wherever a message spells one, or could complete one together with its surroundings, a mark is put
 * inside, and taken out again once the output has been cut at the true tokens.
 */
export class PlainTextGuard {
  readonly #forward: PrefixIndex;
  readonly #backward: PrefixIndex;
  readonly #longest: number;

  /** `tokens`: texts of at least two characters that are structure. */
  constructor(tokens: readonly string[]) {
    this.#forward = new PrefixIndex(tokens.map((text, index) => [text, index]));
    this.#backward = new PrefixIndex(tokens.map((text, index) => [reversed(text), index]));
    this.#longest = tokens.reduce((length, text) => Math.max(length, text.length), 0);
  }

  /** A mark that the texts do not contain, not even as the `\ufdd0` that JSON may write it as. */
  chooseMark(texts: readonly string[]): string {
    const mark = MARKS.find((candidate) => {
      const escaped = escapeOf(candidate);
      return texts.every((text) => !text.includes(candidate) && !text.toLowerCase().includes(escaped));
    });
    if (mark === undefined) {
      throw new TemplateError('INVALID_INPUT', 'the conversation contains all 32 noncharacters U+FDD0 to U+FDEF');
    }
    return mark;
  }

  protect(text: string, mark: string): string {
    let result = '';
    let end = 0;
    for (let start = 0; start < text.length; start++) {
      if (this.#forward.longest(text, start, text.length - start) === undefined) continue;
      result += text.slice(end, start + 1) + mark;
      end = start + 1;
    }
    result += text.slice(end);
    const tail = text.slice(-this.#longest);
    const head = reversed(text.slice(0, this.#longest));
    if (couldBegin(tail, this.#forward)) result += mark;
    if (couldBegin(head, this.#backward)) result = mark + result;
    return result;
  }

  static remove(text: string, mark: string): string {
    return text.replaceAll(mark, '').replaceAll(escapeOf(mark), '');
  }
}

/** Whether a text of the index begins with some end of `text`. */
function couldBegin(text: string, index: PrefixIndex): boolean {
  for (let start = 0; start < text.length; start++) if (index.continues(text, start)) return true;
  return false;
}

function reversed(text: string): string {
  return text.split('').toReversed().join('');
}

function escapeOf(mark: string): string {
  return `\\u${mark.charCodeAt(0).toString(16)}`;
}

/**
 * The same JSON with every string changed, keys too.
 *
 * @throws TemplateError INVALID_INPUT for more text or nesting than a prompt may have, and for what is not JSON
 */
export function mapStrings(
  value: JsonValue,
  change: (text: string) => string,
  budget = { characters: 0 },
  depth = 0,
): JsonValue {
  if (typeof value === 'string') {
    budget.characters += value.length;
    if (budget.characters > TEMPLATE_LIMITS.inputCharacters) {
      throw invalidInput(`has more than ${TEMPLATE_LIMITS.inputCharacters} characters`, budget.characters);
    }
    return change(value.toWellFormed());
  }
  if (value === null || typeof value === 'boolean') return value;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'object') throw invalidInput(`contains a ${typeof value} that is not JSON`, String(value));
  if (depth >= TEMPLATE_LIMITS.inputDepth) {
    throw invalidInput(`is nested deeper than ${TEMPLATE_LIMITS.inputDepth} levels`, depth + 1);
  }
  const map = (part: JsonValue) => mapStrings(part, change, budget, depth + 1);
  if (Array.isArray(value)) return value.map(map);
  return Object.fromEntries(
    Object.entries(value).flatMap(([key, part]) => (part === undefined ? [] : [[map(key) as string, map(part)]])),
  );
}

function invalidInput(why: string, value: number | string): TemplateError {
  return new TemplateError('INVALID_INPUT', `the conversation ${why}`, { data: { value } });
}
