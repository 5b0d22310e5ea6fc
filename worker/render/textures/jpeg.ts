import jpeg from 'jpeg-js';
import { type TextureImage, brokenImage, checkTextureSize, textureLimits } from './texture-image.ts';

/** Baseline and progressive JPEG. Decoded in integers, so every host gets the same bytes. @throws SceneError. */
export function decodeJpeg(file: Uint8Array, field: string): TextureImage {
  try {
    const { width, height, data } = jpeg.decode(file, {
      useTArray: true,
      formatAsRGBA: true,
      tolerantDecoding: false,
      maxResolutionInMP: textureLimits.pixels / 1e6,
      maxMemoryUsageInMB: 768,
    });
    checkTextureSize(width, height, field);
    return { widthPixels: width, heightPixels: height, bytes: data };
  } catch (cause) {
    throw brokenImage(field, cause instanceof Error ? cause.message : String(cause), cause);
  }
}
