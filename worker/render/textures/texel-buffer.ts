import { cosineSineOfTurn } from '../environment/turn.ts';
import type { TextureSlot } from '../scene/scene.ts';
import { SceneError } from '../scene/scene-error.ts';
import { type TextureImage, textureLimits } from './texture-image.ts';

const tableWords = 256;
const slotWords = 12;

/** The words that `shaders/render/texture.wgsl` reads: a table of sRGB, then slots, then the texels of every image. */
export interface TexelBuffer {
  readonly bytes: ArrayBuffer;
  /** Word at which a slot begins; 0 stands for no texture. */
  placeOf(slot: TextureSlot | undefined): number;
}

/** Linear light of each 8-bit sRGB code (IEC 61966-2-1), with + - * / only. */
export const srgbTable: readonly number[] = Array.from({ length: 256 }, (_, code) => linearOf(code / 255));

/** Lays out all images and the slots that use them. @throws SceneError when they are too many. */
export function packTexels(images: readonly TextureImage[], slots: readonly TextureSlot[]): TexelBuffer {
  const distinct = [...new Set(slots)];
  const imagePlaces: number[] = [];
  let words = tableWords + distinct.length * slotWords;
  for (const image of images) {
    imagePlaces.push(words);
    words += image.widthPixels * image.heightPixels;
  }
  const pixels = words - tableWords - distinct.length * slotWords;
  if (pixels > textureLimits.pixels) {
    throw new SceneError('limit-exceeded', `images have ${pixels} pixels; the limit is ${textureLimits.pixels}`, {
      field: 'images',
      value: pixels,
      limit: textureLimits.pixels,
    });
  }
  const bytes = new ArrayBuffer(words * 4);
  const integers = new Uint32Array(bytes);
  const floats = new Float32Array(bytes);
  floats.set(srgbTable);
  const places = new Map<TextureSlot, number>();
  distinct.forEach((slot, index) => {
    const start = tableWords + index * slotWords;
    const image = images[slot.imageIndex] as TextureImage;
    places.set(slot, start);
    integers.set([imagePlaces[slot.imageIndex] as number, image.widthPixels, image.heightPixels, modesOf(slot)], start);
    floats.set(transformOf(slot), start + 4);
  });
  images.forEach((image, index) => new Uint8Array(bytes, (imagePlaces[index] as number) * 4).set(image.bytes));
  return { bytes, placeOf: (slot) => (slot === undefined ? 0 : (places.get(slot) as number)) };
}

const wraps = { repeat: 0, clamp: 1, mirror: 2 } as const;

function modesOf(slot: TextureSlot): number {
  return wraps[slot.wrapU] | (wraps[slot.wrapV] << 2) | (slot.isNearest ? 16 : 0);
}

/** KHR_texture_transform as two rows: offset x rotation (counter-clockwise, v points down) x scale. */
function transformOf({ offset, scale, rotationRadians }: TextureSlot): number[] {
  const turns = rotationRadians / (2 * Math.PI);
  const [cosine, sine] = cosineSineOfTurn(turns - Math.floor(turns));
  return [scale[0] * cosine, scale[1] * sine, offset[0], 0, -scale[0] * sine, scale[1] * cosine, offset[1], 0];
}

/** Mean linear colour of an image, its texels read as sRGB. */
export function meanColor(image: TextureImage): [number, number, number] {
  const sums: [number, number, number] = [0, 0, 0];
  for (let place = 0; place < image.bytes.length; place += 4) {
    for (const channel of [0, 1, 2] as const)
      sums[channel] += srgbTable[image.bytes[place + channel] as number] as number;
  }
  const count = image.bytes.length / 4;
  return [sums[0] / count, sums[1] / count, sums[2] / count];
}

function linearOf(code: number): number {
  if (code <= 0.04045) return code / 12.92;
  const base = (code + 0.055) / 1.055;
  // base^2.4 = base^2 x (base^2)^(1/5), the root by Newton's method.
  const square = base * base;
  let root = 1;
  for (let step = 0; step < 64; step += 1) {
    const fourth = root * root * root * root;
    root -= (fourth * root - square) / (5 * fourth);
  }
  return square * root;
}
