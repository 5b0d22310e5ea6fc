import { collectAlbedoTables, indexOfRefraction } from './albedo/tables.ts';
import { emittedLuminance } from './emitters/emitter-list.ts';
import { cosineSineOfTurn } from './environment/turn.ts';
import { type Material, type Scene, type TextureSlot, type Vector3, extensionTextures } from './scene/scene.ts';
import { packTexels } from './textures/texel-buffer.ts';

const materialBytes = 224;
const flags = { doubleSided: 1, unlit: 2, masked: 4 } as const;

/** A colour of 0 stands for e^-64 of the light. */
const darkest = 64;

/** Materials and texels as `shaders/render/scene-data.wgsl` and `texture.wgsl` read them. */
export interface PackedMaterials {
  readonly materials: ArrayBuffer;
  readonly texels: ArrayBuffer;
  readonly albedoTables: ArrayBuffer;
}

/** @throws SceneError when the images are too large together. */
export function packMaterials(scene: Pick<Scene, 'materials' | 'images'>): PackedMaterials {
  const slots = scene.materials.flatMap((material) =>
    [...coreSlotsOf(material), ...extensionSlotsOf(material)].filter((slot) => slot !== undefined),
  );
  const texels = packTexels(scene.images ?? [], slots);
  const tables = collectAlbedoTables(scene.materials);
  const bytes = new ArrayBuffer(scene.materials.length * materialBytes);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  scene.materials.forEach((material, index) => {
    const start = (index * materialBytes) / 4;
    const { baseColor, metallic, emission, roughness, clearcoat } = material;
    const dielectric = dielectricOf(material);
    floats.set([...baseColor, metallic, ...emission, roughness, ...dielectric.normal, dielectric.grazing], start);
    words[start + 12] = flagsOf(material);
    floats[start + 13] = emittedLuminance(scene, material);
    floats.set([material.alpha?.factor ?? 1, material.alpha?.cutoff ?? 0], start + 14);
    floats.set([material.transmission ?? 0, clearcoat?.factor ?? 0, clearcoat?.roughness ?? 0], start + 16);
    floats[start + 19] = material.textures?.normalScale ?? 1;
    words.set(coreSlotsOf(material).map(texels.placeOf), start + 20);
    floats.set([...absorptionOf(material), indexOfRefraction(material)], start + 24);
    words.set([tables.glassOf(material), tables.sheen, tables.stretchOf(material)], start + 28);
    const { sheen, anisotropy, iridescence } = material;
    floats[start + 31] = anisotropy?.strength ?? 0;
    floats.set([...(sheen?.color ?? [0, 0, 0]), sheen?.roughness ?? 0], start + 32);
    const turns = (anisotropy?.rotationRadians ?? 0) / (2 * Math.PI);
    floats.set(cosineSineOfTurn(turns - Math.floor(turns)), start + 36);
    floats.set([iridescence?.factor ?? 0, iridescence?.ior ?? 1.3], start + 38);
    floats.set([iridescence?.minimumNanometres ?? 0, iridescence?.maximumNanometres ?? 0], start + 40);
    floats[start + 42] = material.textures?.clearcoatNormalScale ?? 1;
    words.set(extensionSlotsOf(material).map(texels.placeOf), start + 44);
  });
  return { materials: bytes, texels: texels.bytes, albedoTables: tables.bytes };
}

function coreSlotsOf({ textures = {} }: Material): (TextureSlot | undefined)[] {
  return [textures.baseColor, textures.metallicRoughness, textures.normal, textures.emission];
}

function extensionSlotsOf({ textures }: Material): (TextureSlot | undefined)[] {
  return extensionTextures.map((use) => textures?.extensions?.[use]);
}

/** Reflectance of the dielectric at normal and at grazing view (KHR_materials_ior, KHR_materials_specular). */
function dielectricOf(material: Material): { normal: Vector3; grazing: number } {
  const ior = material.ior ?? 1.5;
  const root = Number.isFinite(ior) ? (ior - 1) / (ior + 1) : 1;
  const { factor = 1, color = [1, 1, 1] as const } = material.specular ?? {};
  const at = (tint: number) => Math.min(root * root * tint, 1) * factor;
  return { normal: [at(color[0]), at(color[1]), at(color[2])], grazing: factor };
}

/** Per metre: after the attenuation distance the attenuation colour is left of white light (KHR_materials_volume). */
function absorptionOf({ volume }: Material): Vector3 {
  if (volume === undefined || !Number.isFinite(volume.attenuationDistance)) return [0, 0, 0];
  const [red, green, blue] = volume.attenuationColor.map(
    (left) => Math.min(-Math.log(left), darkest) / volume.attenuationDistance,
  ) as unknown as Vector3;
  return [red, green, blue];
}

function flagsOf(material: Material): number {
  return (
    (material.doubleSided ? flags.doubleSided : 0) |
    (material.isUnlit === true ? flags.unlit : 0) |
    (material.alpha?.cutoff === undefined ? 0 : flags.masked)
  );
}

/** Whether rays can pass through a surface somewhere because of its alpha; many files say BLEND and mean opaque. */
export function isPartlyOpen({ alpha, textures }: Material, images: Scene['images']): boolean {
  if (alpha === undefined) return false;
  const enough = Math.min(alpha.cutoff ?? 1, 1);
  if (alpha.factor < enough || (alpha.cutoff ?? 0) > 1) return true;
  const image = textures?.baseColor === undefined ? undefined : images?.[textures.baseColor.imageIndex];
  if (image === undefined) return false;
  for (let place = 3; place < image.bytes.length; place += 4)
    if (((image.bytes[place] as number) / 255) * alpha.factor < enough) return true;
  return false;
}
