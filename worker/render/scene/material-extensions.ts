import { type Field, numberOf, optionalMember, tupleOf, unsupported } from './field.ts';
import type { Material, Vector3 } from './scene.ts';

/** The KHR_materials_ extensions that change the surface; their textures are refused, as their factors alone would look wrong. */
export function readExtensions(
  extensions: Field,
): Pick<Material, 'ior' | 'specular' | 'transmission' | 'volume' | 'clearcoat' | 'isUnlit'> {
  const ior = optionalMember(extensions, 'KHR_materials_ior');
  const specular = optionalMember(extensions, 'KHR_materials_specular');
  const transmission = optionalMember(extensions, 'KHR_materials_transmission');
  const clearcoat = optionalMember(extensions, 'KHR_materials_clearcoat');
  const volume = optionalMember(extensions, 'KHR_materials_volume');
  for (const [extension, textures] of [
    [specular, ['specularTexture', 'specularColorTexture']],
    [transmission, ['transmissionTexture']],
    [clearcoat, ['clearcoatTexture', 'clearcoatRoughnessTexture', 'clearcoatNormalTexture']],
  ] as const) {
    for (const key of textures) {
      const texture = extension === undefined ? undefined : optionalMember(extension, key);
      if (texture !== undefined) throw unsupported(texture, 'a texture in an extension');
    }
  }
  return {
    ...(ior === undefined ? {} : { ior: iorOf(ior) }),
    ...(specular === undefined
      ? {}
      : { specular: { factor: factor(specular, 'specularFactor', 1), color: tintOf(specular) } }),
    ...(transmission === undefined ? {} : { transmission: factor(transmission, 'transmissionFactor', 0) }),
    ...(volume === undefined ? {} : volumeOf(volume)),
    ...(clearcoat === undefined
      ? {}
      : {
          clearcoat: {
            factor: factor(clearcoat, 'clearcoatFactor', 0),
            roughness: factor(clearcoat, 'clearcoatRoughnessFactor', 0),
          },
        }),
    ...(optionalMember(extensions, 'KHR_materials_unlit') === undefined ? {} : { isUnlit: true }),
  };
}

/**
 * Only a thickness makes a body; how thick it is shows in the mesh itself, so neither the number nor its texture counts.
 */
function volumeOf(extension: Field): Pick<Material, 'volume'> {
  const thickness = optionalMember(extension, 'thicknessFactor');
  if (thickness === undefined || numberOf(thickness, 0, 1e9) === 0) return {};
  const distance = optionalMember(extension, 'attenuationDistance');
  const color = optionalMember(extension, 'attenuationColor');
  const [red = 1, green = 1, blue = 1] = color === undefined ? [] : tupleOf(color, 3, 0, 1);
  return {
    volume: {
      attenuationColor: [red, green, blue],
      attenuationDistance: distance === undefined ? Infinity : numberOf(distance, 1e-9, 1e9),
    },
  };
}

/** A number in 0..1 that glTF gives a default. */
export function factor(parent: Field, key: string, otherwise: number): number {
  const field = optionalMember(parent, key);
  return field === undefined ? otherwise : numberOf(field, 0, 1);
}

/** The extension's 0 stands for an endless index, to imitate the specular-glossiness model: full reflection. */
function iorOf(extension: Field): number {
  const field = optionalMember(extension, 'ior');
  if (field === undefined) return 1.5;
  if (field.value === 0) return Infinity;
  return numberOf(field, 1, 100);
}

function tintOf(extension: Field): Vector3 {
  const field = optionalMember(extension, 'specularColorFactor');
  const [red = 1, green = 1, blue = 1] = field === undefined ? [] : tupleOf(field, 3, 0, 1000);
  return [red, green, blue];
}
