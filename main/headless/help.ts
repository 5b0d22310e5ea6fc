import type { Command, OptionDefinition, OptionTable } from './command-definition.ts';
import { commandName, commonOptions } from './parse-command-line.ts';

const exitCodeText =
  'Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by a node or a protocol (typed), 130 interrupted';

/** `words` is empty for the overview, a group (`llm`) or a whole command. */
export function renderHelp(words: readonly string[], commands: readonly Command[], version: string): string {
  const command = commands.find((candidate) => candidate.words.join(' ') === words.join(' '));
  if (command !== undefined) return renderCommandHelp(command);
  const members = commands.filter((candidate) => words.every((word, index) => candidate.words[index] === word));
  const title = words.length === 0 ? [`hearth ${version} - earns with an idle GPU`, ''] : [];
  const lines = [
    ...title,
    `Usage: ${['hearth', ...words].join(' ')} <command> [options]`,
    '',
    'Commands',
    ...renderColumns(members.map((member) => [renderForm(member), member.summary])),
  ];
  if (words.length === 0) {
    lines.push('', 'Common options', ...renderOptions(commonOptions), '', exitCodeText);
    lines.push('"hearth <command> --help" shows the options of a command.');
  }
  return lines.join('\n');
}

function renderCommandHelp(command: Command): string {
  const required = Object.entries(command.options)
    .filter(([, definition]) => definition.required === true)
    .map(([name, definition]) => ` ${renderOptionForm(name, definition)}`)
    .join('');
  const lines = [`Usage: hearth ${renderForm(command)}${required} [options]`, '', `${command.summary}.`];
  if (command.details !== '') lines.push('', command.details);
  if (command.positionals.length > 0) {
    lines.push('', 'Arguments', ...renderColumns(command.positionals.map(({ name, summary }) => [name, summary])));
  }
  if (Object.keys(command.options).length > 0) lines.push('', 'Options', ...renderOptions(command.options));
  lines.push('', 'Common options', ...renderOptions(commonOptions), '', exitCodeText);
  return lines.join('\n');
}

function renderForm(command: Command): string {
  const positionals = command.positionals.map(({ name, required }) => (required === true ? ` ${name}` : ` [${name}]`));
  return commandName(command).slice('hearth '.length) + positionals.join('');
}

function renderOptions(options: OptionTable): string[] {
  return renderColumns(
    Object.entries(options).map(([name, definition]) => {
      const fallback = definition.fallback === undefined ? '' : ` (default: ${definition.fallback})`;
      return [renderOptionForm(name, definition), `${definition.summary}${fallback}`];
    }),
  );
}

function renderOptionForm(name: string, definition: OptionDefinition): string {
  return definition.kind === 'flag' ? `--${name}` : `--${name} ${definition.placeholder ?? 'VALUE'}`;
}

function renderColumns(rows: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`);
}
