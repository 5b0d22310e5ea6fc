import { HearthError } from '../../protocol/errors.ts';

export type NetworkErrorCode =
  | 'TIMEOUT'
  /** The stream was reset or its connection broke. */
  | 'STREAM_LOST'
  | 'UNREACHABLE'
  | 'HELLO_REFUSED'
  | 'NO_HELLO'
  | 'PEER_KEY'
  | 'LISTEN'
  | 'PROTOCOL';

export class NetworkError extends HearthError<NetworkErrorCode> {}
