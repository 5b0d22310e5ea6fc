import { SceneError } from '../scene/scene-error.ts';
import { decodeJpeg } from './jpeg.ts';
import { decodeKtx2 } from './ktx2.ts';
import { isKtx2 } from './ktx2-header.ts';
import { decodePng } from './png.ts';
import { decodeWebp, isWebp } from './webp.ts';

/** Four bytes per texel (R, G, B, A as stored), row-major from the top left. */
export interface TextureImage {
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly bytes: Uint8Array;
}

/** What textures may ask for. */
export const textureLimits = {
  sidePixels: 8_192,
  /** Of all images of a scene: 128 MiB on the GPU. */
  pixels: 33_554_432,
  fileBytes: 67_108_864,
} as const;

/** Decodes a PNG, JPEG, WebP or KTX2, told apart by its first bytes; `field` names the image in errors. @throws SceneError. */
export async function decodeTexture(file: Uint8Array<ArrayBuffer>, field: string): Promise<TextureImage> {
  if (file[0] === 0x89 && file[1] === 0x50 && file[2] === 0x4e && file[3] === 0x47) return decodePng(file, field);
  if (file[0] === 0xff && file[1] === 0xd8 && file[2] === 0xff) return decodeJpeg(file, field);
  if (isWebp(file)) return decodeWebp(file, field);
  if (isKtx2(file)) return decodeKtx2(file, field);
  throw new SceneError('unsupported-feature', `${field} is neither PNG nor JPEG nor WebP nor KTX2`, { field });
}

/** @throws SceneError when a side is 0 or too long, or the image alone has more pixels than all of a scene may have. */
export function checkTextureSize(widthPixels: number, heightPixels: number, field: string): void {
  const { sidePixels, pixels } = textureLimits;
  const area = widthPixels * heightPixels;
  const isFitting = area >= 1 && widthPixels <= sidePixels && heightPixels <= sidePixels && area <= pixels;
  if (isFitting) return;
  throw new SceneError(
    'limit-exceeded',
    `${field} has ${widthPixels} x ${heightPixels} pixels; sides must lie in 1..${sidePixels}, and all images have ${pixels} together`,
    { field, value: `${widthPixels} x ${heightPixels}`, limit: sidePixels },
  );
}

export function brokenImage(field: string, message: string, cause?: unknown): SceneError {
  return new SceneError('invalid-field', `${field} cannot be decoded: ${message.slice(0, 120)}`, { field }, { cause });
}
