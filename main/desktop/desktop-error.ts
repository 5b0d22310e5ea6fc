import { HearthError } from '../../protocol/errors.ts';

export type DesktopErrorCode =
  /** The asking window or frame is not one of ours. */
  | 'FOREIGN_SENDER'
  | 'BAD_MESSAGE'
  | 'UNKNOWN_REQUEST'
  | 'BAD_PARAMETERS'
  /** The node core is not there at the moment; it is being restarted. */
  | 'CORE_GONE'
  /** The node has not started yet, or cannot. */
  | 'NODE_NOT_READY'
  | 'BAD_SETTINGS';

export class DesktopError extends HearthError<DesktopErrorCode> {}
