import { HearthError } from '../../../protocol/errors.ts';

export type TaskErrorCode =
  /** The GPU worker failed more often than a task may make it. */
  | 'WORKER_FAILED'
  /** The requester broke the protocol, sent a bad voucher or none in time. */
  | 'REQUESTER_FAILED'
  /** The requester's connection is gone. */
  | 'REQUESTER_GONE'
  | 'INPUT_GONE';

export class TaskError extends HearthError<TaskErrorCode> {}
