import { HearthError } from '../../protocol/errors.ts';

/** Why the engine refused a call. A malformed file is a GgufError instead. */
export type LlmErrorCode =
  | 'CONTEXT_FULL'
  | 'TOKEN_OUT_OF_RANGE'
  | 'EMPTY_PROMPT'
  | 'INVALID_PARAMETER'
  | 'OUT_OF_MEMORY'
  | 'ADAPTER_LIMIT'
  | 'SESSION_CLOSED'
  | 'GPU_ERROR';

export class LlmError extends HearthError<LlmErrorCode> {}
