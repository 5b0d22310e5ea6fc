import { parseArgs } from 'node:util';
import { UsageError } from './cli-errors.ts';
import type { Command, OptionDefinition, OptionTable, OptionValue } from './command-definition.ts';
import { nearestWord } from './nearest.ts';

/** Accepted by every command, before or after its name. */
export const commonOptions = {
  'data-dir': { kind: 'text', placeholder: 'DIR', summary: 'folder for keys, ledger and models' },
  adapter: {
    kind: 'text',
    placeholder: 'NAME|software',
    fallback: 'real',
    summary: 'real GPU, part of an adapter name, or the software adapter (never earns)',
  },
  listen: { kind: 'list', placeholder: 'MULTIADDR', summary: 'address to listen on; may be repeated' },
  bootstrap: { kind: 'list', placeholder: 'MULTIADDR', summary: 'peer to join through; may be repeated' },
  json: { kind: 'flag', summary: 'one JSON document or JSON lines on stdout, logs on stderr' },
  help: { kind: 'flag', summary: 'show this text' },
  version: { kind: 'flag', summary: 'show the version' },
} as const satisfies OptionTable;

export type CommandLine =
  | { readonly kind: 'help'; readonly words: readonly string[] }
  | { readonly kind: 'version' }
  | {
      readonly kind: 'command';
      readonly command: Command;
      readonly options: Readonly<Record<string, OptionValue>>;
      readonly positionals: readonly string[];
    };

/** @throws UsageError with one sentence that names the word and, where one is close, the word that was meant. */
export function parseCommandLine(args: readonly string[], commands: readonly Command[]): CommandLine {
  const { words, rest } = splitCommandWords(args, commands);
  const command = commands.find((candidate) => sameWords(candidate.words, words));
  const wantsHelp = hasFlag(rest, 'help', 'h');
  if (words[0] === 'help') return { kind: 'help', words: words.slice(1) };
  if (command === undefined) {
    const known = words.length === 0 || commands.some((candidate) => startsWithWords(candidate.words, words));
    if (known && wantsHelp) return { kind: 'help', words };
    if (words.length === 0 && hasFlag(rest, 'version', 'V')) return { kind: 'version' };
    throw describeUnknownCommand(words, rest, commands);
  }
  if (wantsHelp) return { kind: 'help', words };
  const table: OptionTable = { ...command.options, ...commonOptions };
  const parsed = readOptions(rest, table, commandName(command));
  if (parsed.options['version'] === true) return { kind: 'version' };
  checkPositionals(command, parsed.positionals);
  return { kind: 'command', command, ...parsed };
}

export function commandName(command: Pick<Command, 'words'>): string {
  return `hearth ${command.words.join(' ')}`;
}

/** Takes the command's words out of the line; common options may stand before them. */
function splitCommandWords(args: readonly string[], commands: readonly Command[]) {
  const table: OptionTable = commonOptions;
  let index = 0;
  for (let arg = args[0]; arg !== undefined && isOption(arg); arg = args[index]) {
    const definition = table[arg.slice(2)];
    index += definition === undefined || definition.kind === 'flag' ? 1 : 2;
  }
  const words: string[] = [];
  const first = index;
  for (let arg = args[index]; arg !== undefined && !isOption(arg); arg = args[++index]) {
    if (words.length > 0 && words[0] !== 'help' && !isGroup(words, commands)) break;
    words.push(arg);
  }
  return { words, rest: [...args.slice(0, first), ...args.slice(index)] };
}

function isOption(arg: string): boolean {
  return arg.startsWith('-') && arg !== '-';
}

function describeUnknownCommand(
  words: readonly string[],
  rest: readonly string[],
  commands: readonly Command[],
): UsageError {
  const parent = words.slice(0, -1);
  const siblings = [
    ...new Set(
      commands
        .filter((candidate) => startsWithWords(candidate.words, parent))
        .map((candidate) => candidate.words[parent.length] ?? ''),
    ),
  ].filter((word) => word !== '');
  if (words.length === 0) {
    // `hearth --jsno`: the mistyped option is the better clue than the missing command.
    readOptions(rest, commonOptions, 'hearth');
    return new UsageError('MISSING_COMMAND', 'hearth needs a command; "hearth --help" lists them');
  }
  if (isGroup(words, commands)) {
    const members = commands.filter((candidate) => startsWithWords(candidate.words, words));
    const names = members.map((member) => member.words.slice(words.length).join(' ')).join(', ');
    return new UsageError('MISSING_COMMAND', `hearth ${words.join(' ')} needs one of: ${names}`);
  }
  const word = words.at(-1) ?? '';
  const meant = nearestWord(word, siblings);
  const prefix = ['hearth', ...parent].join(' ');
  const hint = meant === undefined ? `"${prefix} --help" lists the commands` : `did you mean "${prefix} ${meant}"?`;
  return new UsageError('UNKNOWN_COMMAND', `"${prefix} ${word}" is not a command; ${hint}`);
}

function readOptions(args: readonly string[], table: OptionTable, name: string) {
  const { tokens } = parseArgs({
    args: [...args],
    strict: false,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(table).map(([key, definition]) => [
        key,
        {
          type: definition.kind === 'flag' ? ('boolean' as const) : ('string' as const),
          multiple: definition.kind === 'list',
        },
      ]),
    ),
  });
  const options: Record<string, OptionValue> = {};
  const lists = new Map<string, string[]>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const definition = Object.hasOwn(table, token.name) ? table[token.name] : undefined;
    if (definition === undefined) throw describeUnknownOption(token.rawName, table, name);
    const value = readValue(token, definition);
    if (definition.kind === 'list') lists.set(token.name, [...(lists.get(token.name) ?? []), String(value)]);
    else options[token.name] = value;
  }
  for (const [key, definition] of Object.entries(table)) {
    if (definition.kind === 'flag') options[key] ??= false;
    else if (definition.kind === 'list') options[key] = lists.get(key) ?? [];
    else if (definition.fallback !== undefined) options[key] ??= definition.fallback;
    if (definition.required === true && options[key] === undefined) {
      throw new UsageError(
        'MISSING_OPTION',
        `${name} needs --${key} ${definition.placeholder ?? 'VALUE'} (${definition.summary})`,
      );
    }
  }
  return { options, positionals };
}

function readValue(
  token: { readonly rawName: string; readonly value?: string | undefined; readonly inlineValue?: boolean | undefined },
  definition: OptionDefinition,
): string | number | boolean {
  if (definition.kind === 'flag') {
    if (token.value === undefined) return true;
    throw new UsageError('UNEXPECTED_VALUE', `${token.rawName} takes no value, it was given "${token.value}"`);
  }
  // Without "=", a word that looks like an option is one: `--model --json` forgot the model.
  const missing =
    token.value === undefined || token.value === '' || (token.inlineValue !== true && /^--\w/.test(token.value));
  if (missing) {
    const hint = token.value === undefined || token.value === '' ? '' : ` (or ${token.rawName}=${token.value})`;
    const form = `${token.rawName} ${definition.placeholder ?? 'VALUE'}`;
    throw new UsageError('MISSING_VALUE', `${token.rawName} needs a value: ${form}${hint}`);
  }
  const text = token.value ?? '';
  if (definition.kind !== 'integer' && definition.kind !== 'number') return text;
  const value = Number(text);
  const minimum = definition.minimum ?? Number.NEGATIVE_INFINITY;
  const maximum = definition.maximum ?? Number.POSITIVE_INFINITY;
  const isNumber =
    text.trim() !== '' && Number.isFinite(value) && (definition.kind === 'number' || Number.isSafeInteger(value));
  if (isNumber && value >= minimum && value <= maximum) return value;
  const what = definition.kind === 'integer' ? 'a whole number' : 'a number';
  throw new UsageError(
    'INVALID_VALUE',
    `${token.rawName} must be ${what}${describeRange(definition)}, it was given "${text}"`,
  );
}

function describeRange({ minimum, maximum }: OptionDefinition): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

function describeUnknownOption(rawName: string, table: OptionTable, name: string): UsageError {
  const meant = rawName.startsWith('--') ? nearestWord(rawName.slice(2), Object.keys(table)) : undefined;
  const hint = meant === undefined ? `"${name} --help" lists its options` : `did you mean --${meant}?`;
  return new UsageError('UNKNOWN_OPTION', `${name} does not know ${rawName}; ${hint}`);
}

function checkPositionals(command: Command, values: readonly string[]): void {
  const missing = command.positionals.find(
    (positional, index) => positional.required === true && values[index] === undefined,
  );
  if (missing !== undefined) {
    throw new UsageError('MISSING_ARGUMENT', `${commandName(command)} needs ${missing.name} (${missing.summary})`);
  }
  const surplus = values[command.positionals.length];
  if (surplus !== undefined) {
    throw new UsageError(
      'UNEXPECTED_ARGUMENT',
      `${commandName(command)} does not take "${surplus}"; "${commandName(command)} --help" shows its form`,
    );
  }
}

function hasFlag(args: readonly string[], long: string, short: string): boolean {
  const end = args.indexOf('--');
  return (end === -1 ? args : args.slice(0, end)).some((arg) => arg === `--${long}` || arg === `-${short}`);
}

function isGroup(words: readonly string[], commands: readonly Command[]): boolean {
  return commands.some((candidate) => candidate.words.length > words.length && startsWithWords(candidate.words, words));
}

function startsWithWords(words: readonly string[], start: readonly string[]): boolean {
  return start.length <= words.length && start.every((word, index) => words[index] === word);
}

function sameWords(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && startsWithWords(left, right);
}
