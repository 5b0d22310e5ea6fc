import type { ByteSource } from '../../byte-source.ts';
import { SceneError } from '../scene/scene-error.ts';

/** Linear RGB radiance, 3 float32 per pixel, row-major from the top left. */
export interface RadianceImage {
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly pixels: Float32Array<ArrayBuffer>;
}

/** What an environment file may ask for. */
export const environmentLimits = {
  fileBytes: 256 * 1024 * 1024,
  sidePixels: 16_384,
  pixels: 33_554_432,
  /** Largest radiance kept; brighter pixels are cut to it, as the sums of a picture must stay exact. */
  radiance: 65_536,
} as const;

/** @throws SceneError when a side or the area is out of range. */
export function checkImageSize(widthPixels: number, heightPixels: number): void {
  const { sidePixels, pixels } = environmentLimits;
  const sides = [widthPixels, heightPixels];
  if (sides.every((side) => Number.isSafeInteger(side) && side >= 1 && side <= sidePixels)) {
    if (widthPixels * heightPixels <= pixels) return;
  }
  throw new SceneError(
    'limit-exceeded',
    `environment has ${widthPixels} x ${heightPixels} pixels; the limits are ${sidePixels} a side and ${pixels} in all`,
    { field: 'environment.size', value: `${widthPixels} x ${heightPixels}`, limit: pixels },
  );
}

/** Replaces what is not finite or negative by 0 and cuts what is too bright. */
export function cleanRadiance(value: number): number {
  return value > 0 ? Math.min(value, environmentLimits.radiance) : 0;
}

/** The whole file. @throws SceneError when it is larger than an environment may be. */
export async function readWholeFile(source: ByteSource): Promise<Uint8Array<ArrayBuffer>> {
  if (source.sizeBytes > environmentLimits.fileBytes) {
    throw new SceneError(
      'limit-exceeded',
      `environment has ${source.sizeBytes} bytes; the limit is ${environmentLimits.fileBytes}`,
      { field: 'environment', value: source.sizeBytes, limit: environmentLimits.fileBytes },
    );
  }
  return source.read(0, source.sizeBytes);
}

export function malformed(field: string, message: string, cause?: unknown): SceneError {
  return new SceneError('invalid-field', `environment: ${message}`, { field: `environment.${field}` }, { cause });
}

export function cutShort(field: string, needed: number, available: number): SceneError {
  return new SceneError(
    'truncated',
    `environment: ${field} asks for ${needed} bytes, but only ${available} are there`,
    { field: `environment.${field}`, value: needed, limit: available },
  );
}
