import { encode } from 'fast-png';
import { type Film, assertComplete } from './film.ts';
import { encodeSrgb16, encodeSrgb8 } from './srgb.ts';
import { type Look, applyLook } from './tone-map.ts';

export interface PngOptions extends Look {
  readonly depthBits: 8 | 16;
}

const plain: PngOptions = { toneMap: 'none', exposureStops: 0, depthBits: 8 };

/**
 * The film as an sRGB PNG. Unless a look is asked for, radiance above 1 is clamped: no tone curve, so that pictures compare
 * with other renderers' as they are. Pure: the same film gives the same bytes.
 *
 * @throws ImageError when pixels lack samples that others have.
 */
export function encodePng(film: Film, options: PngOptions = plain): Uint8Array {
  assertComplete(film);
  return encodeRgb(film, options);
}

/** As `encodePng`, but of a film in progress: pixels without samples are black. */
export function encodePreviewPng(film: Film): Uint8Array {
  return encodeRgb(film, plain);
}

function encodeRgb(film: Film, { depthBits, ...look }: PngOptions): Uint8Array {
  const light = applyLook(film.mean(), look);
  const data = depthBits === 16 ? Uint16Array.from(light, encodeSrgb16) : Uint8Array.from(light, encodeSrgb8);
  return encode({ width: film.widthPixels, height: film.heightPixels, data, channels: 3, depth: depthBits });
}
