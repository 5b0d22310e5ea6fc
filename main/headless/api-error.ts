import { HearthError } from '../../protocol/errors.ts';

export type ApiErrorCode =
  | 'PORT_IN_USE'
  | 'LISTEN_FAILED'
  | 'HOST_NOT_ALLOWED'
  | 'ORIGIN_NOT_ALLOWED'
  | 'UNAUTHORIZED'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'BODY_TOO_LARGE'
  | 'BAD_MESSAGE'
  | 'TOO_MANY_CONNECTIONS'
  | 'TIMED_OUT'
  | 'INTERNAL';

/** What the local API answers by itself; errors of the node pass through with their own code. */
export class ApiError extends HearthError<ApiErrorCode> {}

export const apiErrorStatus: Record<ApiErrorCode, number> = {
  PORT_IN_USE: 500,
  LISTEN_FAILED: 500,
  HOST_NOT_ALLOWED: 421,
  ORIGIN_NOT_ALLOWED: 403,
  UNAUTHORIZED: 401,
  METHOD_NOT_ALLOWED: 405,
  NOT_FOUND: 404,
  BODY_TOO_LARGE: 413,
  BAD_MESSAGE: 400,
  TOO_MANY_CONNECTIONS: 503,
  TIMED_OUT: 504,
  INTERNAL: 500,
};
