import { HearthError } from '../../../protocol/errors.ts';

export type ImageErrorCode = 'invalid-size' | 'invalid-tile' | 'invalid-sums' | 'overlapping-tile' | 'incomplete-film';

/** A tile that does not belong in the film, or a film that is not ready; the message names the value and the limit. */
export class ImageError extends HearthError<ImageErrorCode> {}
