import { HearthError } from '../../../protocol/errors.ts';

/** Why a conversation could not be written as the model's template wants it. `data` holds the value and the limit. */
export type TemplateErrorCode =
  /** The template is longer than is read, or has runs of white space that its reader takes quadratic time over. */
  | 'TEMPLATE_TOO_LARGE'
  /** It is not a template. */
  | 'INVALID_TEMPLATE'
  /** More text, messages or nesting than a prompt may have, or a value that is not JSON. */
  | 'INVALID_INPUT'
  /** Tools, or calls of tools, for a model whose template would leave them out. */
  | 'TOOLS_UNSUPPORTED'
  /** It computes for longer, or makes larger values, than any honest template. */
  | 'TEMPLATE_TOO_EXPENSIVE'
  | 'OUTPUT_TOO_LARGE'
  /** It raised an exception of its own, say because roles do not alternate. */
  | 'REFUSED_BY_TEMPLATE'
  | 'TEMPLATE_FAILED';

/** A chat template did not give a prompt. The template is a stranger's; the message quotes it shortened. */
export class TemplateError extends HearthError<TemplateErrorCode> {}
