import { errorText, HearthError } from '../../protocol/errors.ts';

/** What `hearth` ends with; scripts hold on to these. 128 + signal number when interrupted, as every shell expects. */
export const exitCodes = { done: 0, failed: 1, usage: 2, refused: 3, interrupted: 130 } as const;
export type ExitCode = number;

export type UsageErrorCode =
  | 'UNKNOWN_COMMAND'
  | 'MISSING_COMMAND'
  | 'UNKNOWN_OPTION'
  | 'MISSING_VALUE'
  | 'UNEXPECTED_VALUE'
  | 'INVALID_VALUE'
  | 'MISSING_OPTION'
  | 'MISSING_ARGUMENT'
  | 'UNEXPECTED_ARGUMENT'
  | 'NOT_SUPPORTED';

/** The command line itself is wrong: exit 2, nothing was done. */
export class UsageError extends HearthError<UsageErrorCode> {}

/** A node or a protocol said no with a typed reason: exit 3. `code` is the refusal's own. */
export class RefusedError extends HearthError {}

export type CommandErrorCode =
  | 'NODE_NOT_RUNNING'
  | 'NODE_ALREADY_RUNNING'
  | 'NODE_UNREACHABLE'
  | 'FILE_UNREADABLE'
  | 'FILE_UNWRITABLE'
  | 'FILE_INVALID'
  | 'NO_ANSWER';

/** A command that was understood could not be carried out: exit 1. */
export class CommandError extends HearthError<CommandErrorCode> {}

/** Exit code and sentence for anything a command threw. */
export function describeFailure(error: unknown): { exitCode: ExitCode; code: string; message: string; data: object } {
  if (error instanceof HearthError) {
    const exitCode =
      error instanceof UsageError
        ? exitCodes.usage
        : error instanceof RefusedError
          ? exitCodes.refused
          : exitCodes.failed;
    return { exitCode, code: error.code, message: error.message, data: error.data };
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return { exitCode: exitCodes.interrupted, code: 'INTERRUPTED', message: 'interrupted', data: {} };
  }
  const code = readCode(error) ?? 'INTERNAL';
  return {
    exitCode: exitCodes.failed,
    code,
    message: errorText(error),
    data: {},
  };
}

function readCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
