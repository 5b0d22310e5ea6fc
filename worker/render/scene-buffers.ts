import type { RenderSettings } from '../messages.ts';
import { createStorageBuffer, uploadStorageBuffer } from '../gpu/buffers.ts';
import type { BvhLayout } from './bvh/layout.ts';
import type { BvhTree } from './bvh/bvh-tree.ts';
import { type Forest, type PackedForest, packTrees } from './bvh/forest.ts';
import { hasSheen, isSolid, isStretched } from './albedo/tables.ts';
import { type EmitterChoice, type LightBuffer, packLights } from './emitters/light-buffer.ts';
import type { LightEntry } from './emitters/light-list.ts';
import type { EnvironmentMap } from './environment/environment-map.ts';
import type { Camera, Material, Scene } from './scene/scene.ts';
import { createEnvironmentTextures } from './environment/environment-textures.ts';
import { isPartlyOpen, packMaterials } from './material-buffer.ts';
import {
  type StorageKind,
  type StorageSplit,
  firstFurtherBinding,
  sceneData,
  splitSceneData,
  storageKinds,
} from './library/scene-data.ts';
import { instanceReplacements } from './library/instances.ts';
import type { ShaderFragment } from './library/shader-fragment.ts';
import { type BindingLimits, bindingLimitsOf, planSplit } from './storage-split.ts';

/** What a scene uses, as the overrides of `shaders/render/scene-data.wgsl`: 1 or 0. */
export type SceneFeatures = Readonly<
  Record<
    | 'HAS_TEXTURES'
    | 'HAS_LAYERS'
    | 'HAS_VOLUME'
    | 'HAS_EXTENSION_TEXTURES'
    | 'HAS_EMISSION_TEXTURES'
    | 'HAS_SHEEN'
    | 'HAS_ANISOTROPY'
    | 'HAS_COAT_NORMAL'
    | 'HAS_IRIDESCENCE'
    | 'HAS_ENVIRONMENT'
    | 'HAS_EMITTERS'
    | 'HAS_PUNCTUAL_LIGHTS'
    | 'HAS_LENS'
    | 'HAS_LIGHT_TREE'
    | 'HAS_ALPHA',
    number
  >
>;

/** What makes the pipelines of one scene differ from those of another. */
export interface SceneVariant {
  /** Constants for pipelines. */
  readonly features: SceneFeatures;
  /** Whether what shades reads the nodes too: instances lie among them. */
  readonly hasInstances: boolean;
  /** For `assembleShader`. */
  readonly replacements: ReadonlyMap<ShaderFragment, ShaderFragment>;
  /** Scenes with the same key share their pipelines. */
  readonly key: string;
}

function variantOf({ features, hasInstances }: PackedScene, split: StorageSplit): SceneVariant {
  const further = splitSceneData(split);
  return {
    features,
    hasInstances,
    replacements: new Map([
      ...(further === undefined ? [] : [[sceneData, further] as const]),
      ...(hasInstances ? instanceReplacements : []),
    ]),
    key: [...Object.values(features), further?.code ?? 'whole', hasInstances].join(' '),
  };
}

/** Whether traversal names this binding of the scene: uniforms, nodes, triangles, and what tells a point's alpha. */
export function isForTraversal(binding: number): boolean {
  return binding <= 4 || binding === 9;
}

/** The bytes of every scene buffer, laid out as `shaders/render/scene-data.wgsl` declares them. */
export interface PackedScene {
  readonly nodes: ArrayBuffer;
  readonly triangles: ArrayBuffer;
  readonly corners: ArrayBuffer;
  readonly materials: ArrayBuffer;
  readonly texels: ArrayBuffer;
  readonly lights: ArrayBuffer;
  readonly albedoTables: ArrayBuffer;
  readonly uniforms: ArrayBuffer;
  readonly environment: EnvironmentMap | undefined;
  readonly features: SceneFeatures;
  readonly hasInstances: boolean;
}

/** The scene in GPU memory. */
export interface SceneBuffers {
  /** Everything that `shaders/render/scene-data.wgsl` binds in group 0. */
  readonly resources: readonly SceneResource[];
  readonly variant: SceneVariant;
  readonly sizeBytes: number;
  destroy(): void;
}

/** One binding. A further part of a large buffer belongs wherever the first one does, which is bound as `base`. */
export interface SceneResource extends GPUBindGroupEntry {
  readonly base: number;
}

export function packScene(
  scene: Scene,
  tree: BvhTree | Forest,
  layout: BvhLayout,
  lights: readonly LightEntry[],
  settings: RenderSettings,
  environment?: EnvironmentMap,
  emitterChoice?: EmitterChoice,
): PackedScene {
  const trees = packTrees(tree, layout);
  const { nodes, triangleOrder } = trees;
  const slotOf = new Uint32Array(scene.triangleCount);
  triangleOrder.forEach((triangle, slot) => {
    slotOf[triangle] = slot;
  });
  const packed = packMaterials(scene);
  const chosen = packLights(scene, lights, slotOf, emitterChoice);
  const hasAlpha = scene.materials.map((material) => isPartlyOpen(material, scene.images));
  return {
    nodes,
    triangles: packTriangles(scene, triangleOrder, hasAlpha),
    corners: packCorners(scene, triangleOrder, chosen.elementOf),
    materials: packed.materials,
    texels: packed.texels,
    lights: chosen.lights,
    albedoTables: packed.albedoTables,
    uniforms: packUniforms(scene, trees, { lights, tableLength: chosen.tableLength }, settings, environment),
    environment,
    hasInstances: trees.upper !== undefined,
    features: {
      HAS_TEXTURES: scene.images === undefined || scene.images.length === 0 ? 0 : 1,
      HAS_LAYERS: scene.materials.some(hasLayers) ? 1 : 0,
      HAS_VOLUME: scene.materials.some(isSolid) ? 1 : 0,
      HAS_EXTENSION_TEXTURES: scene.materials.some(({ textures }) => textures?.extensions !== undefined) ? 1 : 0,
      HAS_EMISSION_TEXTURES: scene.materials.some(({ textures }) => textures?.emission !== undefined) ? 1 : 0,
      HAS_SHEEN: scene.materials.some(hasSheen) ? 1 : 0,
      HAS_COAT_NORMAL: scene.materials.some(hasCoatNormal) ? 1 : 0,
      HAS_ANISOTROPY: scene.materials.some(isStretched) ? 1 : 0,
      HAS_IRIDESCENCE: scene.materials.some(({ iridescence }) => (iridescence?.factor ?? 0) > 0) ? 1 : 0,
      HAS_ENVIRONMENT: environment === undefined ? 0 : 1,
      HAS_EMITTERS: lights.some(({ kind }) => kind === 'triangle') ? 1 : 0,
      HAS_PUNCTUAL_LIGHTS: lights.some(({ kind }) => kind === 'punctual') ? 1 : 0,
      HAS_LENS: scene.camera.lens === undefined ? 0 : 1,
      HAS_LIGHT_TREE: chosen.hasTree ? 1 : 0,
      HAS_ALPHA: hasAlpha.includes(true) ? 1 : 0,
    },
  };
}

function hasLayers(material: Material): boolean {
  return ((material.transmission ?? 0) > 0 && !isSolid(material)) || (material.clearcoat?.factor ?? 0) > 0;
}

/** A normal texture bends either the coat or what lies below it, never both. */
function hasCoatNormal({ clearcoat, textures }: Material): boolean {
  return (
    (clearcoat?.factor ?? 0) > 0 &&
    (textures?.normal !== undefined || textures?.extensions?.clearcoatNormal !== undefined)
  );
}

const triangleHasAlpha = 1;

function packTriangles(scene: Scene, order: Uint32Array, hasAlpha: readonly boolean[]): ArrayBuffer {
  const bytes = new ArrayBuffer(scene.triangleCount * 48);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  const { positions } = scene;
  for (let slot = 0; slot < order.length; slot += 1) {
    const triangle = order[slot] as number;
    for (let axis = 0; axis < 3; axis += 1) {
      const corner = positions[triangle * 9 + axis] as number;
      floats[slot * 12 + axis] = corner;
      floats[slot * 12 + 4 + axis] = (positions[triangle * 9 + 3 + axis] as number) - corner;
      floats[slot * 12 + 8 + axis] = (positions[triangle * 9 + 6 + axis] as number) - corner;
    }
    words[slot * 12 + 3] = scene.shared?.ids[triangle] ?? triangle;
    const material = scene.materialIndices[triangle] as number;
    words[slot * 12 + 7] = material;
    words[slot * 12 + 11] = hasAlpha[material] === true ? triangleHasAlpha : 0;
  }
  return bytes;
}

/** Normals of the corners, with u in the fourth place of each and the three v behind them; last the place in the tree of emitters. */
function packCorners(scene: Scene, order: Uint32Array, elementOf: LightBuffer['elementOf']): ArrayBuffer {
  const floats = new Float32Array(scene.triangleCount * 16);
  const words = new Uint32Array(floats.buffer);
  for (let slot = 0; slot < order.length; slot += 1) {
    const triangle = order[slot] as number;
    words[slot * 16 + 15] = elementOf.get(triangle) ?? 0;
    for (let corner = 0; corner < 3; corner += 1) {
      const place = triangle * 9 + corner * 3;
      floats.set(scene.normals.subarray(place, place + 3), slot * 16 + corner * 4);
      if (scene.textureCoordinates === undefined) continue;
      floats[slot * 16 + corner * 4 + 3] = scene.textureCoordinates[triangle * 6 + corner * 2] as number;
      floats[slot * 16 + 12 + corner] = scene.textureCoordinates[triangle * 6 + corner * 2 + 1] as number;
    }
  }
  return floats.buffer;
}

function packUniforms(
  scene: Scene,
  trees: PackedForest,
  { lights, tableLength }: { readonly lights: readonly LightEntry[]; readonly tableLength: number },
  settings: RenderSettings,
  environment: EnvironmentMap | undefined,
): ArrayBuffer {
  const bytes = new ArrayBuffer(112);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  const { camera } = scene;
  const { halfWidth, halfHeight } = imagePlane(camera, settings);
  floats.set(camera.origin, 0);
  words[3] = settings.widthPixels;
  floats.set(camera.forward, 4);
  words[7] = settings.heightPixels;
  floats.set(
    camera.right.map((value) => value * halfWidth),
    8,
  );
  words[11] = settings.seed;
  floats.set(
    camera.up.map((value) => value * halfHeight),
    12,
  );
  words[15] = settings.maxBounces;
  floats.set(scene.background, 16);
  words[19] = trees.rootReference;
  const power = lights.reduce((sum, light) => sum + light.weight, 0);
  floats[20] = power > 0 ? 1 / power : 0;
  words[21] = tableLength;
  const chosen = lights.find((light) => light.kind === 'environment');
  words[22] = environment?.sideTexels ?? 0;
  floats[23] = chosen === undefined ? 0 : chosen.weight / power;
  floats[24] = camera.lens?.radius ?? 0;
  floats[25] = camera.lens?.focusDistance ?? 0;
  words[26] = trees.upper?.treeQuad ?? 0;
  words[27] = trees.upper?.instanceQuad ?? 0;
  return bytes;
}

/** Half extents of the image at distance 1; pixels are square, the vertical angle is the camera's. */
export function imagePlane(camera: Camera, settings: Pick<RenderSettings, 'widthPixels' | 'heightPixels'>) {
  const halfHeight = Math.tan(camera.verticalFieldOfViewRadians / 2);
  return { halfHeight, halfWidth: (halfHeight * settings.widthPixels) / settings.heightPixels };
}

/**
 * Uploads a packed scene.
 *
 * @param limits the device's own, or smaller ones.
 * @throws SceneError when a shader cannot bind as many buffers as the scene needs.
 */
export function createSceneBuffers(
  device: GPUDevice,
  packed: PackedScene,
  limits: BindingLimits = bindingLimitsOf(device),
): SceneBuffers {
  const sizes = Object.keys(storageKinds).map((kind) => [kind, packed[kind as StorageKind].byteLength] as const);
  const split = planSplit(Object.fromEntries(sizes) as Record<StorageKind, number>, limits);
  const buffers: GPUBuffer[] = [];
  const resources: SceneResource[] = [];

  function bind(binding: number, base: number, label: string, bytes: Uint8Array<ArrayBuffer>): void {
    const buffer = uploadStorageBuffer(device, label, bytes);
    buffers.push(buffer);
    resources.push({ binding, base, resource: { buffer } });
  }

  // UNIFORM 0x40.
  const uniforms = createStorageBuffer(device, 'render.scene', packed.uniforms.byteLength, 0x40);
  device.queue.writeBuffer(uniforms, 0, packed.uniforms);
  buffers.push(uniforms);
  resources.push({ binding: 0, base: 0, resource: { buffer: uniforms } });
  bind(4, 4, 'render.materials', new Uint8Array(packed.materials));
  bind(6, 6, 'render.albedoTables', new Uint8Array(packed.albedoTables));
  let further = firstFurtherBinding;
  for (const [kind, { binding, elementBytes }] of Object.entries(storageKinds)) {
    const { parts, elementsPerPart } = split[kind as StorageKind];
    const bytes = new Uint8Array(packed[kind as StorageKind]);
    for (let part = 0; part < parts; part += 1) {
      const begin = part * elementsPerPart * elementBytes;
      const own = bytes.subarray(begin, begin + elementsPerPart * elementBytes);
      bind(part === 0 ? binding : further++, binding, `render.${kind}${part === 0 ? '' : `.${part}`}`, own);
    }
  }
  const environmentTextures = createEnvironmentTextures(device, packed.environment);
  for (const [index, texture] of environmentTextures.entries()) {
    const binding = 7 + index;
    resources.push({ binding, base: binding, resource: texture.createView({ label: texture.label }) });
  }
  const environmentBytes = environmentTextures.reduce((sum, texture) => sum + texture.width * texture.height * 12, 0);
  return {
    resources,
    variant: variantOf(packed, split),
    sizeBytes: buffers.reduce((sum, buffer) => sum + buffer.size, environmentBytes),
    destroy() {
      for (const resource of [...buffers, ...environmentTextures]) resource.destroy();
    },
  };
}
