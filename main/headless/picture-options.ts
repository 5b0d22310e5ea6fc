import { extname } from 'node:path';
import { type Film, encodeExr, encodePng, toneMaps } from '../requester/image/index.ts';
import { UsageError } from './cli-errors.ts';
import { seedOption } from './generation-options.ts';

const sideLimit = 16_384;
const usualSide = 512;

/** Size and quality of a picture and the form of its file: the same whether it is rendered here or bought. */
export const pictureOptions = {
  scene: { kind: 'text', placeholder: 'F.glb', summary: 'scene file (default: the embedded room)' },
  width: { kind: 'integer', placeholder: 'W', minimum: 1, maximum: sideLimit, summary: 'pixels (default: 512)' },
  height: { kind: 'integer', placeholder: 'H', minimum: 1, maximum: sideLimit, summary: 'pixels (default: 512)' },
  size: { kind: 'text', placeholder: 'WxH', summary: 'width and height in one' },
  samples: {
    kind: 'integer',
    placeholder: 'N',
    minimum: 1,
    maximum: 65_536,
    fallback: 64,
    summary: 'samples per pixel',
  },
  seed: seedOption,
  'max-bounces': {
    kind: 'integer',
    placeholder: 'N',
    minimum: 1,
    maximum: 64,
    fallback: 8,
    summary: 'longest light path',
  },
  environment: { kind: 'text', placeholder: 'F.hdr|F.exr', summary: 'environment light, equirectangular' },
  out: {
    kind: 'text',
    placeholder: 'F.png|F.exr',
    required: true,
    summary: 'picture to write; .exr is linear float32',
  },
  denoise: { kind: 'flag', summary: 'smooth the finished picture, guided by albedo, normal and depth' },
  depth: { kind: 'integer', placeholder: '8|16', minimum: 8, maximum: 16, fallback: 8, summary: 'bits of a PNG' },
  exposure: {
    kind: 'number',
    placeholder: 'EV',
    minimum: -32,
    maximum: 32,
    fallback: 0,
    summary: 'stops to brighten a PNG by',
  },
  tone: { kind: 'text', placeholder: 'none|agx|aces', fallback: 'none', summary: 'tone curve of a PNG' },
} as const;

interface SizeOptions {
  readonly width: number | undefined;
  readonly height: number | undefined;
  readonly size: string | undefined;
}

/** @throws UsageError */
export function readSize({ width, height, size }: SizeOptions): {
  readonly widthPixels: number;
  readonly heightPixels: number;
} {
  if (size === undefined) return { widthPixels: width ?? usualSide, heightPixels: height ?? usualSide };
  if (width !== undefined || height !== undefined) {
    throw new UsageError(
      'INVALID_VALUE',
      '--size names width and height: --width and --height cannot be given with it',
    );
  }
  const [, wide, high] = /^(\d{1,5})x(\d{1,5})$/.exec(size) ?? [];
  const [widthPixels, heightPixels] = [Number(wide), Number(high)];
  if (Math.min(widthPixels, heightPixels) >= 1 && Math.max(widthPixels, heightPixels) <= sideLimit) {
    return { widthPixels, heightPixels };
  }
  throw new UsageError(
    'INVALID_VALUE',
    `--size must be like 640x480, sides up to ${sideLimit}, it was given "${size}"`,
  );
}

interface PictureOptions {
  readonly out: string;
  readonly depth: number;
  readonly exposure: number;
  readonly tone: string;
}

/** @throws UsageError before anything is rendered, when the picture cannot be written as asked. */
export function chooseEncoder({ out, depth, exposure, tone }: PictureOptions): (film: Film) => Uint8Array {
  const extension = extname(out).toLowerCase();
  if (extension !== '.png' && extension !== '.exr') {
    throw new UsageError('INVALID_VALUE', `--out must end in .png or .exr, it was given "${out}"`);
  }
  const toneMap = toneMaps.find((name) => name === tone);
  if (toneMap === undefined) {
    throw new UsageError('INVALID_VALUE', `--tone must be ${toneMaps.join(', ')}, it was given "${tone}"`);
  }
  if (depth !== 8 && depth !== 16)
    throw new UsageError('INVALID_VALUE', `--depth must be 8 or 16, it was given "${depth}"`);
  if (extension === '.png') return (film) => encodePng(film, { toneMap, exposureStops: exposure, depthBits: depth });
  if (toneMap !== 'none' || exposure !== 0 || depth !== 8) {
    throw new UsageError('INVALID_VALUE', '--tone, --exposure and --depth are for a .png; an .exr is linear float32');
  }
  return encodeExr;
}
