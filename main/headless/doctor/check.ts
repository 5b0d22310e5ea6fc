import { errorText } from '../../../protocol/errors.ts';
/** `blocked`: this machine cannot earn until it is fixed; `warning`: it can, but something will be missing. */
export interface Check {
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'blocked';
  /** What was found, as a sentence. */
  readonly detail: string;
  /** What the owner can do; always there unless `status` is ok. */
  readonly fix?: string;
}

export function ok(name: string, detail: string): Check {
  return { name, status: 'ok', detail };
}

export function warning(name: string, detail: string, fix: string): Check {
  return { name, status: 'warning', detail, fix };
}

export function blocked(name: string, detail: string, fix: string): Check {
  return { name, status: 'blocked', detail, fix };
}

export function describeError(error: unknown): string {
  return errorText(error);
}
