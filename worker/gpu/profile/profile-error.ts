import { HearthError } from '../../../protocol/errors.ts';

/** Why nothing can be profiled here. An adapter without timestamps still has its counters and its speed measured. */
export type ProfileErrorCode = 'NO_TIMESTAMP_QUERY';

export class ProfileError extends HearthError<ProfileErrorCode> {}
