import { resolve } from 'node:path';
import { describeFailure, exitCodes, UsageError, type ExitCode } from './cli-errors.ts';
import type { Command, OptionValue } from './command-definition.ts';
import { renderHelp } from './help.ts';
import { createOutput, type Output, type TextSink } from './output.ts';
import { parseCommandLine } from './parse-command-line.ts';
import { defaultDataDirectory, readVersion } from './project-files.ts';

export interface CliEnvironment {
  readonly commands: readonly Command[];
  readonly stdout: TextSink;
  readonly stderr: TextSink;
  readonly signal: AbortSignal;
}

/** Runs one command line to its end. Never throws: every failure becomes one sentence on stderr and an exit code. */
export async function runCli(args: readonly string[], environment: CliEnvironment): Promise<ExitCode> {
  const { commands, stdout, stderr, signal } = environment;
  // Known before parsing, so that a wrong command line is reported in the form the caller asked for.
  const wantsJson = args.includes('--json');
  const output = createOutput(wantsJson, stdout, stderr);
  try {
    if (args.length === 0) {
      stderr.write(`${renderHelp([], commands, readVersion())}\n`);
      return exitCodes.usage;
    }
    const line = parseCommandLine(args, commands);
    if (line.kind === 'version') {
      output.text(readVersion());
      output.data({ version: readVersion(), node: process.versions.node });
      return exitCodes.done;
    }
    if (line.kind === 'help') {
      stdout.write(`${renderHelp(line.words, commands, readVersion())}\n`);
      return exitCodes.done;
    }
    const context = readContext(line.options, output, signal);
    return await line.command.execute(context, line.options, line.positionals);
  } catch (error) {
    const failure = describeFailure(signal.aborted ? signal.reason : error);
    output.log(`hearth: ${failure.message}`);
    if (error instanceof Error && failure.code === 'INTERNAL') output.log(error.stack ?? '');
    output.data({ error: { code: failure.code, message: failure.message, data: failure.data } });
    return failure.exitCode;
  }
}

function readContext(options: Readonly<Record<string, OptionValue>>, output: Output, signal: AbortSignal) {
  const directory = options['data-dir'];
  return {
    dataDirectory: typeof directory === 'string' ? resolve(directory) : defaultDataDirectory(),
    adapter: String(options['adapter']),
    listen: readAddresses(options, 'listen'),
    bootstrap: readAddresses(options, 'bootstrap'),
    json: output.json,
    signal,
    output,
  };
}

function readAddresses(options: Readonly<Record<string, OptionValue>>, name: string): readonly string[] {
  const values = options[name];
  const addresses: readonly string[] = Array.isArray(values) ? values : [];
  const wrong = addresses.find((address) => !/^\/[a-z0-9]+\/\S+$/.test(address));
  if (wrong === undefined) return addresses;
  throw new UsageError(
    'INVALID_VALUE',
    `--${name} must be a multiaddress such as /ip4/127.0.0.1/tcp/4001, it was given "${wrong}"`,
  );
}
