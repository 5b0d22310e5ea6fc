import { type TextureImage, decodeTexture, textureLimits } from '../textures/texture-image.ts';
import type { BufferViewTable } from './buffer-views.ts';
import {
  type Field,
  indexOf,
  integerOf,
  listMember,
  member,
  numberOf,
  optionalMember,
  tupleOf,
  unsupported,
} from './field.ts';
import { sceneLimits } from './limits.ts';
import type { TextureSlot } from './scene.ts';
import { SceneError } from './scene-error.ts';

const repeat = 10497;
const wraps: Readonly<Record<number, TextureSlot['wrapU']>> = { [repeat]: 'repeat', 33071: 'clamp', 33648: 'mirror' };
const nearest = 9728;

/** Reads texture references of materials and remembers the images they use; those are decoded at the end. */
export interface TextureTable {
  /** The texture `key` of `parent`; undefined when there is none. @throws SceneError. */
  slot(parent: Field, key: string): TextureSlot | undefined;
  /** The images that slots refer to, in the order of `imageIndex`. @throws SceneError. */
  decode(views: BufferViewTable): Promise<TextureImage[]>;
}

export function createTextureTable(document: Field): TextureTable {
  const textures = listMember(document, 'textures', sceneLimits.textures);
  const images = listMember(document, 'images', sceneLimits.textures);
  const samplers = listMember(document, 'samplers', sceneLimits.textures);
  const used: Field[] = [];

  function slot(parent: Field, key: string): TextureSlot | undefined {
    const reference = optionalMember(parent, key);
    if (reference === undefined) return undefined;
    const texture = textures[indexOf(member(reference, 'index'), textures.length, 'textures')] as Field;
    const transform = transformOf(reference);
    const set =
      (transform === undefined ? undefined : optionalMember(transform, 'texCoord')) ??
      optionalMember(reference, 'texCoord');
    if (set !== undefined && integerOf(set, 0, 64) !== 0) throw unsupported(set, 'a second set of texture coordinates');
    const source = sourceOf(texture);
    const image = images[indexOf(source, images.length, 'images')] as Field;
    if (!used.includes(image)) used.push(image);
    const samplerField = optionalMember(texture, 'sampler');
    const sampler =
      samplerField === undefined ? undefined : samplers[indexOf(samplerField, samplers.length, 'samplers')];
    const filter = sampler === undefined ? undefined : optionalMember(sampler, 'magFilter');
    return {
      imageIndex: used.indexOf(image),
      wrapU: wrapOf(sampler, 'wrapS'),
      wrapV: wrapOf(sampler, 'wrapT'),
      isNearest: filter !== undefined && integerOf(filter, 9728, 9729) === nearest,
      offset: pairOf(transform, 'offset', [0, 0]),
      scale: pairOf(transform, 'scale', [1, 1]),
      rotationRadians: angleOf(transform),
    };
  }

  async function decode(views: BufferViewTable): Promise<TextureImage[]> {
    const decoded: TextureImage[] = [];
    let pixels = 0;
    for (const image of used) {
      const uri = optionalMember(image, 'uri');
      if (uri !== undefined) throw unsupported(uri, 'a URI (a scene must be one self-contained GLB)');
      const view = views.at(member(image, 'bufferView'));
      assertLimit(image, 'bytes', view.sizeBytes, textureLimits.fileBytes);
      const result = await decodeTexture((await view.read(0, view.sizeBytes)).slice(), image.path);
      pixels += result.widthPixels * result.heightPixels;
      assertLimit(image, 'pixels together with those before it', pixels, textureLimits.pixels);
      decoded.push(result);
    }
    return decoded;
  }

  return { slot, decode };
}

/** The image of a texture; that of an extension before the one for readers that cannot show it. */
function sourceOf(texture: Field): Field {
  const extensions = optionalMember(texture, 'extensions');
  const others =
    extensions === undefined
      ? []
      : ['KHR_texture_basisu', 'EXT_texture_webp'].map((name) => optionalMember(extensions, name));
  const sources = others.flatMap((extension) => (extension === undefined ? [] : [optionalMember(extension, 'source')]));
  const source = sources.find((field) => field !== undefined) ?? optionalMember(texture, 'source');
  if (source !== undefined) return source;
  throw unsupported(texture, 'an image of another format than PNG, JPEG, WebP and KTX2');
}

function transformOf(reference: Field): Field | undefined {
  const extensions = optionalMember(reference, 'extensions');
  return extensions === undefined ? undefined : optionalMember(extensions, 'KHR_texture_transform');
}

function wrapOf(sampler: Field | undefined, key: string): TextureSlot['wrapU'] {
  const field = sampler === undefined ? undefined : optionalMember(sampler, key);
  const wrap = wraps[field === undefined ? repeat : integerOf(field, 0, 65_535)];
  if (wrap === undefined) throw unsupported(field as Field, 'an unknown way to wrap');
  return wrap;
}

function pairOf(
  transform: Field | undefined,
  key: string,
  otherwise: readonly [number, number],
): readonly [number, number] {
  const field = transform === undefined ? undefined : optionalMember(transform, key);
  if (field === undefined) return otherwise;
  const [first = 0, second = 0] = tupleOf(field, 2, -65_536, 65_536);
  return [first, second];
}

function angleOf(transform: Field | undefined): number {
  const field = transform === undefined ? undefined : optionalMember(transform, 'rotation');
  return field === undefined ? 0 : numberOf(field, -1000, 1000);
}

function assertLimit(image: Field, what: string, value: number, limit: number): void {
  if (value <= limit) return;
  throw new SceneError('limit-exceeded', `${image.path} has ${value} ${what}; the limit is ${limit}`, {
    field: image.path,
    value,
    limit,
  });
}
