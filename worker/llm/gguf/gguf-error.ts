import { HearthError } from '../../../protocol/errors.ts';

/** Why a GGUF file was refused. `data` holds the field, the value and the limit. */
export type GgufErrorCode =
  | 'NOT_GGUF'
  | 'UNSUPPORTED_VERSION'
  | 'TRUNCATED'
  | 'LIMIT_EXCEEDED'
  | 'INVALID_VALUE'
  | 'DUPLICATE_NAME'
  | 'TENSOR_OUT_OF_RANGE'
  | 'TENSOR_OVERLAP'
  | 'WRONG_PARTS'
  | 'MISSING_FIELD'
  | 'WRONG_FIELD_TYPE'
  | 'MISSING_TENSOR'
  | 'UNEXPECTED_TENSOR'
  | 'WRONG_SHAPE'
  | 'UNSUPPORTED_TENSOR_TYPE'
  | 'UNSUPPORTED_ARCHITECTURE'
  | 'UNSUPPORTED_TOKENIZER';

/** The file is malformed or asks for what this engine does not do; nothing was allocated for it on the GPU that is not freed. */
export class GgufError extends HearthError<GgufErrorCode> {}

/** Shortens a name from the file so that a hostile one cannot fill a log. */
export function quoteName(name: string): string {
  const visible = name.replaceAll(/\p{Cc}/gu, '?');
  return visible.length > 80 ? `'${visible.slice(0, 77)}...'` : `'${visible}'`;
}
