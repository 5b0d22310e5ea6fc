import { errorText } from '../../../protocol/errors.ts';
import { quoteName } from '../gguf/gguf-error.ts';
import { BoundedInterpreter } from './bounded-interpreter.ts';
import type { JsonObject } from './chat-message.ts';
import { createScope, parseTemplate, type SyntaxNode } from './jinja.ts';
import { TEMPLATE_LIMITS } from './limits.ts';
import { TemplateError } from './template-error.ts';

export interface ChatTemplate {
  /** The template's text for these variables. @throws TemplateError */
  render(variables: JsonObject, now: Date): string;
}

/**
 * Reads a chat template, a Jinja program out of a stranger's file.
 *
 * @throws TemplateError TEMPLATE_TOO_LARGE, INVALID_TEMPLATE
 */
export function createChatTemplate(source: string): ChatTemplate {
  const { templateCharacters, whiteSpaceRun } = TEMPLATE_LIMITS;
  if (source.length > templateCharacters) {
    throw new TemplateError(
      'TEMPLATE_TOO_LARGE',
      `the chat template has ${source.length} characters; at most ${templateCharacters} are read`,
      { data: { value: source.length, limit: templateCharacters } },
    );
  }
  const run = longestRunOfSpaces(source);
  if (run > whiteSpaceRun) {
    throw new TemplateError(
      'TEMPLATE_TOO_LARGE',
      `the chat template has ${run} white space characters in a row; at most ${whiteSpaceRun} are read`,
      { data: { value: run, limit: whiteSpaceRun } },
    );
  }
  let program: SyntaxNode;
  try {
    program = parseTemplate(source);
  } catch (error) {
    throw new TemplateError('INVALID_TEMPLATE', `the chat template cannot be read: ${quoteName(errorText(error))}`, {
      cause: error,
    });
  }
  return { render: (variables, now) => render(program, variables, now) };
}

function render(program: SyntaxNode, variables: JsonObject, now: Date): string {
  const globals = { false: false, true: true, none: null, False: false, True: true, None: null };
  let output: unknown;
  try {
    const scope = createScope();
    for (const [name, value] of Object.entries({ ...globals, ...functionsOf(now), ...variables })) {
      if (value !== undefined) scope.set(name, value);
    }
    output = new BoundedInterpreter(scope).run(program).value;
  } catch (error) {
    if (error instanceof TemplateError) throw error;
    throw new TemplateError('TEMPLATE_FAILED', `the chat template fails: ${quoteName(errorText(error))}`, {
      cause: error,
    });
  }
  const text = String(output);
  if (text.length > TEMPLATE_LIMITS.outputCharacters) {
    throw new TemplateError(
      'OUTPUT_TOO_LARGE',
      `the chat template made ${text.length} characters; at most ${TEMPLATE_LIMITS.outputCharacters} are taken`,
      { data: { value: text.length, limit: TEMPLATE_LIMITS.outputCharacters } },
    );
  }
  return text;
}

/** The functions templates call, in place of the library's: bounded, and the same in every language and time zone. */
function functionsOf(now: Date): Readonly<Record<string, (...values: never[]) => unknown>> {
  return {
    raise_exception: (message: unknown) => {
      throw new TemplateError('REFUSED_BY_TEMPLATE', `the chat template refuses: ${quoteName(String(message))}`);
    },
    range: (...bounds: unknown[]) => rangeOf(bounds),
    strftime_now: (format: unknown) => formatTime(now, String(format)),
  };
}

function rangeOf(bounds: readonly unknown[]): number[] {
  const numbers = bounds.filter((bound) => typeof bound === 'number');
  const [start, stop, step] =
    numbers.length === 1 ? [0, numbers[0] ?? 0, 1] : [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 1];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= TEMPLATE_LIMITS.rangeLength)) {
    throw new TemplateError(
      'TEMPLATE_TOO_EXPENSIVE',
      `the chat template asks for a range of ${length} numbers; at most ${TEMPLATE_LIMITS.rangeLength}`,
      { data: { value: length, limit: TEMPLATE_LIMITS.rangeLength } },
    );
  }
  return Array.from({ length }, (_, index) => start + index * step);
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function formatTime(now: Date, format: string): string {
  const month = MONTHS[now.getUTCMonth()] ?? '';
  const day = DAYS[now.getUTCDay()] ?? '';
  const parts: Readonly<Record<string, string>> = {
    Y: String(now.getUTCFullYear()),
    y: two(now.getUTCFullYear() % 100),
    m: two(now.getUTCMonth() + 1),
    d: two(now.getUTCDate()),
    H: two(now.getUTCHours()),
    M: two(now.getUTCMinutes()),
    S: two(now.getUTCSeconds()),
    B: month,
    b: month.slice(0, 3),
    A: day,
    a: day.slice(0, 3),
    '%': '%',
  };
  return format.replaceAll(/%([YymdHMSBbAa%])/g, (whole, letter: string) => parts[letter] ?? whole);
}

function longestRunOfSpaces(text: string): number {
  let longest = 0;
  for (const [run] of text.matchAll(/\s+/g)) longest = Math.max(longest, run.length);
  return longest;
}
