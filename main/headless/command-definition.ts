import type { ExitCode } from './cli-errors.ts';
import type { Output } from './output.ts';

/** One option in the table. `list` may be repeated; numbers are checked against `minimum` and `maximum`. */
export interface OptionDefinition {
  readonly kind: 'text' | 'integer' | 'number' | 'flag' | 'list';
  readonly summary: string;
  /** Stands for the value in the help, e.g. `F.gguf`. */
  readonly placeholder?: string;
  readonly required?: boolean;
  readonly fallback?: string | number;
  readonly minimum?: number;
  readonly maximum?: number;
}

export interface PositionalDefinition {
  readonly name: string;
  readonly summary: string;
  readonly required?: boolean;
}

export type OptionTable = Readonly<Record<string, OptionDefinition>>;
export type OptionValue = string | number | boolean | readonly string[] | undefined;

type ValueOf<Definition extends OptionDefinition> = Definition['kind'] extends 'flag'
  ? boolean
  : Definition['kind'] extends 'list'
    ? readonly string[]
    : Definition['kind'] extends 'integer' | 'number'
      ? number
      : string;

type IsPresent = { kind: 'flag' } | { kind: 'list' } | { required: true } | { fallback: string | number };

/** What a command's `run` receives: undefined only where the option is neither required nor defaulted. */
export type OptionValues<Options extends OptionTable> = {
  readonly [Name in keyof Options]: Options[Name] extends IsPresent
    ? ValueOf<Options[Name]>
    : ValueOf<Options[Name]> | undefined;
};

/** What every command is given. `signal` aborts on SIGINT, SIGTERM and SIGHUP. */
export interface CommandContext {
  readonly dataDirectory: string;
  /** `real`, `software` or part of an adapter's name. */
  readonly adapter: string;
  readonly listen: readonly string[];
  readonly bootstrap: readonly string[];
  readonly json: boolean;
  readonly signal: AbortSignal;
  readonly output: Output;
}

export interface Command {
  /** `['llm', 'run']` is typed as `hearth llm run`. */
  readonly words: readonly string[];
  readonly summary: string;
  /** Shown only by the command's own help. */
  readonly details: string;
  readonly options: OptionTable;
  readonly positionals: readonly PositionalDefinition[];
  execute(
    context: CommandContext,
    options: Readonly<Record<string, OptionValue>>,
    positionals: readonly string[],
  ): Promise<ExitCode>;
}

/** Ties the option table to the types `run` sees; the parser guarantees that the values match their definitions. */
export function defineCommand<const Options extends OptionTable>(definition: {
  readonly words: readonly string[];
  readonly summary: string;
  readonly details?: string;
  readonly options: Options;
  readonly positionals?: readonly PositionalDefinition[];
  run(context: CommandContext, options: OptionValues<Options>, positionals: readonly string[]): Promise<ExitCode>;
}): Command {
  return {
    words: definition.words,
    summary: definition.summary,
    details: definition.details ?? '',
    options: definition.options,
    positionals: definition.positionals ?? [],
    execute: (context, options, positionals) => definition.run(context, options as OptionValues<Options>, positionals),
  };
}
