import { type Field, numberOf, optionalMember, tupleOf } from './field.ts';
import type { ExtensionTexture, Material, TextureSlot, Vector3 } from './scene.ts';
import type { TextureTable } from './texture.ts';

type Extended = Pick<
  Material,
  'ior' | 'specular' | 'transmission' | 'volume' | 'clearcoat' | 'sheen' | 'anisotropy' | 'iridescence' | 'isUnlit'
>;

/** How each extension's object becomes members of a material. */
const readers: Readonly<Record<string, (extension: Field) => Extended>> = {
  KHR_materials_ior: (extension) => ({ ior: iorOf(extension) }),
  KHR_materials_specular: (extension) => ({
    specular: {
      factor: factor(extension, 'specularFactor', 1),
      color: colorOf(extension, 'specularColorFactor', 1, 1000),
    },
  }),
  KHR_materials_transmission: (extension) => ({ transmission: factor(extension, 'transmissionFactor', 0) }),
  KHR_materials_volume: volumeOf,
  KHR_materials_clearcoat: (extension) => ({
    clearcoat: {
      factor: factor(extension, 'clearcoatFactor', 0),
      roughness: factor(extension, 'clearcoatRoughnessFactor', 0),
    },
  }),
  KHR_materials_sheen: (extension) => ({
    sheen: {
      color: colorOf(extension, 'sheenColorFactor', 0, 1),
      roughness: factor(extension, 'sheenRoughnessFactor', 0),
    },
  }),
  KHR_materials_anisotropy: (extension) => ({
    anisotropy: {
      strength: factor(extension, 'anisotropyStrength', 0),
      rotationRadians: boundedNumber(extension, 'anisotropyRotation', 0, -1000, 1000),
    },
  }),
  KHR_materials_iridescence: (extension) => ({
    iridescence: {
      factor: factor(extension, 'iridescenceFactor', 0),
      ior: boundedNumber(extension, 'iridescenceIor', 1.3, 1, 100),
      minimumNanometres: boundedNumber(extension, 'iridescenceThicknessMinimum', 100, 0, 100_000),
      maximumNanometres: boundedNumber(extension, 'iridescenceThicknessMaximum', 400, 0, 100_000),
    },
  }),
  KHR_materials_unlit: () => ({ isUnlit: true }),
};

/** The extensions that `readExtensions` understands. */
export const materialExtensions: readonly string[] = Object.keys(readers);

/** Where the textures of the extensions stand. */
const texturePlaces: readonly (readonly [ExtensionTexture, string, string])[] = [
  ['specularColor', 'KHR_materials_specular', 'specularColorTexture'],
  ['sheenColor', 'KHR_materials_sheen', 'sheenColorTexture'],
  ['specular', 'KHR_materials_specular', 'specularTexture'],
  ['transmission', 'KHR_materials_transmission', 'transmissionTexture'],
  ['clearcoat', 'KHR_materials_clearcoat', 'clearcoatTexture'],
  ['clearcoatRoughness', 'KHR_materials_clearcoat', 'clearcoatRoughnessTexture'],
  ['sheenRoughness', 'KHR_materials_sheen', 'sheenRoughnessTexture'],
  ['anisotropy', 'KHR_materials_anisotropy', 'anisotropyTexture'],
  ['iridescence', 'KHR_materials_iridescence', 'iridescenceTexture'],
  ['filmThickness', 'KHR_materials_iridescence', 'iridescenceThicknessTexture'],
  ['clearcoatNormal', 'KHR_materials_clearcoat', 'clearcoatNormalTexture'],
];

/** The KHR_materials_ extensions that change the surface. @throws SceneError. */
export function readExtensions(extensions: Field): Extended {
  const found = Object.entries(readers).map(([name, read]): Extended => {
    const extension = optionalMember(extensions, name);
    return extension === undefined ? {} : read(extension);
  });
  return Object.assign({}, ...found) as Extended;
}

/** The textures of these extensions; undefined when there is none. */
export function readExtensionTextures(
  extensions: Field,
  table: TextureTable,
): Partial<Record<ExtensionTexture, TextureSlot>> | undefined {
  const found = texturePlaces.flatMap(([use, name, key]) => {
    const extension = optionalMember(extensions, name);
    const slot = extension === undefined ? undefined : table.slot(extension, key);
    return slot === undefined ? [] : [[use, slot] as const];
  });
  return found.length === 0 ? undefined : Object.fromEntries(found);
}

/** How far the normal texture of a clear coat bends. */
export function clearcoatNormalScaleOf(extensions: Field): number {
  const coat = optionalMember(extensions, 'KHR_materials_clearcoat');
  const texture = coat === undefined ? undefined : optionalMember(coat, 'clearcoatNormalTexture');
  return texture === undefined ? 1 : boundedNumber(texture, 'scale', 1, -1000, 1000);
}

function boundedNumber(parent: Field, key: string, otherwise: number, minimum: number, maximum: number): number {
  const field = optionalMember(parent, key);
  return field === undefined ? otherwise : numberOf(field, minimum, maximum);
}

function colorOf(parent: Field, key: string, otherwise: number, maximum: number): Vector3 {
  const field = optionalMember(parent, key);
  const [red = otherwise, green = otherwise, blue = otherwise] =
    field === undefined ? [] : tupleOf(field, 3, 0, maximum);
  return [red, green, blue];
}

/**
 * Only a thickness makes a body; how thick it is shows in the mesh itself, so neither the number nor its texture counts.
 */
function volumeOf(extension: Field): Pick<Material, 'volume'> {
  const thickness = optionalMember(extension, 'thicknessFactor');
  if (thickness === undefined || numberOf(thickness, 0, 1e9) === 0) return {};
  return {
    volume: {
      attenuationColor: colorOf(extension, 'attenuationColor', 1, 1),
      attenuationDistance: boundedNumber(extension, 'attenuationDistance', Infinity, 1e-9, 1e9),
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
