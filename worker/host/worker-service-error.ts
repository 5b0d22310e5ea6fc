import { errorText, HearthError } from '../../protocol/errors.ts';
import type { WorkerErrorShape } from '../messages.ts';

/**
 * - BAD_REQUEST: a field is missing or outside its limit; `data.field` names it.
 * - ADAPTER_NOT_OPEN, UNKNOWN_MODEL, UNKNOWN_SESSION, UNKNOWN_SCENE, ID_IN_USE: the order of calls is wrong.
 * - SOURCE_UNREADABLE: the file is missing, is a folder, or ended early.
 * - DEVICE_LOST: the driver took the device; `open-adapter` gets a new one and everything has to be loaded again.
 * - GPU_ERROR: the device reported an error, so the result is not delivered. OUT_OF_MEMORY: the same, for want of memory.
 * - INTERNAL: a bug of ours.
 */
export type WorkerServiceErrorCode =
  | 'BAD_REQUEST'
  | 'ADAPTER_NOT_OPEN'
  | 'UNKNOWN_MODEL'
  | 'UNKNOWN_SESSION'
  | 'UNKNOWN_SCENE'
  | 'ID_IN_USE'
  | 'SOURCE_UNREADABLE'
  | 'DEVICE_LOST'
  | 'GPU_ERROR'
  | 'OUT_OF_MEMORY'
  | 'INTERNAL';

export class WorkerServiceError extends HearthError<WorkerServiceErrorCode> {}

/** Every thrown value as it crosses to the core; nothing but a code, a sentence and numbers leaves the worker. */
export function toWorkerErrorShape(error: unknown): WorkerErrorShape {
  if (error instanceof HearthError) return { code: String(error.code), message: error.message, data: error.data };
  const message = errorText(error);
  return { code: 'INTERNAL', message };
}
