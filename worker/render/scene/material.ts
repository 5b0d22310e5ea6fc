import {
  type Field,
  booleanOf,
  elementsOf,
  listMember,
  numberOf,
  optionalMember,
  stringOf,
  tupleOf,
  unsupported,
} from './field.ts';
import { sceneLimits } from './limits.ts';
import type { Material, Vector3 } from './scene.ts';

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
const refusedExtensions = [
  'KHR_materials_transmission',
  'KHR_materials_volume',
  'KHR_materials_diffuse_transmission',
  'KHR_materials_pbrSpecularGlossiness',
  'KHR_materials_unlit',
] as const;

export function readMaterials(document: Field): Material[] {
  return listMember(document, 'materials', sceneLimits.materials).map(readMaterial);
}

function readMaterial(field: Field): Material {
  for (const texture of ['normalTexture', 'occlusionTexture', 'emissiveTexture']) refuseTexture(field, texture);
  const alphaMode = optionalMember(field, 'alphaMode');
  if (alphaMode !== undefined && stringOf(alphaMode) !== 'OPAQUE') {
    throw unsupported(alphaMode, `alpha mode ${stringOf(alphaMode)}`);
  }
  const surface = optionalMember(field, 'pbrMetallicRoughness') ?? {
    path: `${field.path}.pbrMetallicRoughness`,
    value: {},
  };
  for (const texture of ['baseColorTexture', 'metallicRoughnessTexture']) refuseTexture(surface, texture);
  const name = optionalMember(field, 'name');
  const doubleSided = optionalMember(field, 'doubleSided');
  return {
    name: name === undefined ? field.path : stringOf(name),
    baseColor: baseColorOf(surface),
    metallic: factor(surface, 'metallicFactor'),
    roughness: factor(surface, 'roughnessFactor'),
    emission: emissionOf(field),
    doubleSided: doubleSided === undefined ? false : booleanOf(doubleSided),
  };
}

function baseColorOf(surface: Field): Vector3 {
  const field = optionalMember(surface, 'baseColorFactor');
  if (field === undefined) return [1, 1, 1];
  const [red = 1, green = 1, blue = 1] = tupleOf(field, 4, 0, 1);
  return [red, green, blue];
}

function emissionOf(material: Field): Vector3 {
  const field = optionalMember(material, 'emissiveFactor');
  const [red = 0, green = 0, blue = 0] = field === undefined ? [] : tupleOf(field, 3, 0, 1);
  const extensions = optionalMember(material, 'extensions');
  if (extensions === undefined) return [red, green, blue];
  for (const name of refusedExtensions) {
    const extension = optionalMember(extensions, name);
    if (extension !== undefined) throw unsupported(extension, name);
  }
  const extension = optionalMember(extensions, 'KHR_materials_emissive_strength');
  const strengthField = extension === undefined ? undefined : optionalMember(extension, 'emissiveStrength');
  const strength = strengthField === undefined ? 1 : numberOf(strengthField, 0, sceneLimits.radiance);
  return [red * strength, green * strength, blue * strength];
}

function factor(surface: Field, key: string): number {
  const field = optionalMember(surface, key);
  return field === undefined ? 1 : numberOf(field, 0, 1);
}

function refuseTexture(parent: Field, key: string): void {
  const field = optionalMember(parent, key);
  if (field !== undefined) throw unsupported(field, 'a texture');
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
