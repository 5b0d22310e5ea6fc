import { encode } from 'fast-png';
import type { Film } from './film.ts';
import { ImageError } from './image-error.ts';
import { encodeSrgb8 } from './srgb.ts';

/**
 * The film as an 8-bit sRGB PNG. Radiance above 1 is clamped: no tone curve, so that pictures compare with other
 * renderers' as they are. Pure: the same film gives the same bytes.
 *
 * @throws ImageError when pixels lack samples that others have.
 */
export function encodePng(film: Film): Uint8Array {
  const { complete, minimumSamples, maximumSamples, firstMissing } = film.coverage();
  if (!complete) {
    throw new ImageError(
      'incomplete-film',
      `pixel ${firstMissing?.x},${firstMissing?.y} has ${minimumSamples} samples; others have ${maximumSamples}`,
      { data: { minimumSamples, maximumSamples } },
    );
  }
  return encodeRgb(film);
}

/** As `encodePng`, but of a film in progress: pixels without samples are black. */
export function encodePreviewPng(film: Film): Uint8Array {
  return encodeRgb(film);
}

function encodeRgb(film: Film): Uint8Array {
  const data = Uint8Array.from(film.mean(), encodeSrgb8);
  return encode({ width: film.widthPixels, height: film.heightPixels, data, channels: 3, depth: 8 });
}
