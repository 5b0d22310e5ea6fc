import { errorText, HearthError, type ErrorShape } from '../../protocol/errors.ts';
import type { NodeApi } from '../../protocol/node-api.ts';
import type { NodeReplyMessage, NodeRequestMessage } from '../../protocol/node-messages.ts';
import { ApiError, apiErrorStatus } from './api-error.ts';
import { requestDeadlinesMs } from './api-limits.ts';

/** A reply with the HTTP status that says who was at fault: 409 is the node's own typed "no". */
export interface Answer {
  readonly status: number;
  readonly reply: NodeReplyMessage;
}

/** Asks the node, with a deadline; never throws. */
export async function answerRequest(
  api: NodeApi,
  { id, name, parameters }: NodeRequestMessage,
  deadlineMs: number = requestDeadlinesMs[name],
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new ApiError('TIMED_OUT', `the node did not answer "${name}" within ${deadlineMs} ms`));
    }, deadlineMs);
  });
  try {
    // Called inside `then`, so that an implementation that throws instead of rejecting is answered too.
    const asked = Promise.resolve().then(() => api.request(name, parameters));
    return { status: 200, reply: { id, ok: true, result: (await Promise.race([asked, deadline])) ?? null } };
  } catch (error) {
    return { status: statusOf(error), reply: { id, ok: false, error: toErrorShape(error) } };
  } finally {
    clearTimeout(timer);
  }
}

export function statusOf(error: unknown): number {
  if (error instanceof ApiError) return apiErrorStatus[error.code];
  return error instanceof HearthError ? 409 : 500;
}

export function toErrorShape(error: unknown): ErrorShape {
  if (error instanceof HearthError) return error.toShape();
  return { code: 'INTERNAL', message: errorText(error) };
}
