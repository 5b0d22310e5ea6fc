import {
  type Field,
  booleanOf,
  elementsOf,
  invalid,
  listMember,
  member,
  numberOf,
  optionalMember,
  stringOf,
  tupleOf,
  unsupported,
} from './field.ts';
import { sceneLimits } from './limits.ts';
import { clearcoatNormalScaleOf, factor, readExtensionTextures, readExtensions } from './material-extensions.ts';
import type { Material, Vector3 } from './scene.ts';
import type { TextureTable } from './texture.ts';

/** glTF 2.0, section 3.9: the material of a primitive that names none. */
export const defaultMaterial: Material = {
  name: 'default',
  baseColor: [1, 1, 1],
  metallic: 1,
  roughness: 1,
  emission: [0, 0, 0],
  doubleSided: false,
};

/** Extensions that change what is seen in ways this renderer cannot show yet. Others may be ignored, as glTF allows. */
const refusedExtensions = ['KHR_materials_diffuse_transmission', 'KHR_materials_pbrSpecularGlossiness'] as const;

export function readMaterials(document: Field, textures: TextureTable): Material[] {
  return listMember(document, 'materials', sceneLimits.materials).map((field) => readMaterial(field, textures));
}

/** Occlusion textures are left out on purpose: they stand for shadows that a path tracer finds itself. */
function readMaterial(field: Field, textures: TextureTable): Material {
  const surface = optionalMember(field, 'pbrMetallicRoughness') ?? {
    path: `${field.path}.pbrMetallicRoughness`,
    value: {},
  };
  const extensions = optionalMember(field, 'extensions');
  for (const name of refusedExtensions) {
    const extension = extensions === undefined ? undefined : optionalMember(extensions, name);
    if (extension !== undefined) throw unsupported(extension, name);
  }
  const name = optionalMember(field, 'name');
  const doubleSided = optionalMember(field, 'doubleSided');
  const color = optionalMember(surface, 'baseColorFactor');
  const [red = 1, green = 1, blue = 1, alpha = 1] = color === undefined ? [] : tupleOf(color, 4, 0, 1);
  return {
    name: name === undefined ? field.path : stringOf(name),
    baseColor: [red, green, blue],
    metallic: factor(surface, 'metallicFactor', 1),
    roughness: factor(surface, 'roughnessFactor', 1),
    emission: emissionOf(field, extensions),
    doubleSided: doubleSided === undefined ? false : booleanOf(doubleSided),
    ...alphaOf(field, alpha),
    ...texturesOf(field, surface, extensions, textures),
    ...(extensions === undefined ? {} : readExtensions(extensions)),
  };
}

function alphaOf(field: Field, factor: number): Pick<Material, 'alpha'> {
  const modeField = optionalMember(field, 'alphaMode');
  const mode = modeField === undefined ? 'OPAQUE' : stringOf(modeField);
  const cutoff = optionalMember(field, 'alphaCutoff');
  switch (mode) {
    case 'OPAQUE':
      return {};
    case 'MASK':
      return { alpha: { factor, cutoff: cutoff === undefined ? 0.5 : numberOf(cutoff, 0, 1000) } };
    case 'BLEND':
      return { alpha: { factor } };
    default:
      throw invalid(modeField as Field, 'OPAQUE, MASK or BLEND');
  }
}

function texturesOf(
  field: Field,
  surface: Field,
  extensions: Field | undefined,
  table: TextureTable,
): Pick<Material, 'textures'> {
  const normal = table.slot(field, 'normalTexture');
  const scale = normal === undefined ? undefined : optionalMember(member(field, 'normalTexture'), 'scale');
  const textures = {
    baseColor: table.slot(surface, 'baseColorTexture'),
    metallicRoughness: table.slot(surface, 'metallicRoughnessTexture'),
    normal,
    normalScale: scale === undefined ? 1 : numberOf(scale, -1000, 1000),
    emission: table.slot(field, 'emissiveTexture'),
    ...(extensions === undefined
      ? {}
      : {
          extensions: readExtensionTextures(extensions, table),
          clearcoatNormalScale: clearcoatNormalScaleOf(extensions),
        }),
  };
  const { baseColor, metallicRoughness, emission, extensions: extended } = textures;
  return [baseColor, metallicRoughness, normal, emission, extended].some((slot) => slot !== undefined)
    ? { textures }
    : {};
}

function emissionOf(material: Field, extensions: Field | undefined): Vector3 {
  const field = optionalMember(material, 'emissiveFactor');
  const [red = 0, green = 0, blue = 0] = field === undefined ? [] : tupleOf(field, 3, 0, 1);
  const extension =
    extensions === undefined ? undefined : optionalMember(extensions, 'KHR_materials_emissive_strength');
  const strengthField = extension === undefined ? undefined : optionalMember(extension, 'emissiveStrength');
  const strength = strengthField === undefined ? 1 : numberOf(strengthField, 0, sceneLimits.radiance);
  return [red * strength, green * strength, blue * strength];
}

/** `extras.background` of a scene: three numbers of linear radiance from everywhere outside; black when absent. */
export function readBackground(scene: Field | undefined): Vector3 {
  const extras = scene === undefined ? undefined : optionalMember(scene, 'extras');
  if (
    extras === undefined ||
    typeof extras.value !== 'object' ||
    extras.value === null ||
    Array.isArray(extras.value)
  ) {
    return [0, 0, 0];
  }
  const field = optionalMember(extras, 'background');
  if (field === undefined) return [0, 0, 0];
  elementsOf(field, 3);
  const [red = 0, green = 0, blue = 0] = tupleOf(field, 3, 0, sceneLimits.radiance);
  return [red, green, blue];
}
