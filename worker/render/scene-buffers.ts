import type { RenderSettings } from '../messages.ts';
import { createStorageBuffer, uploadStorageBuffer } from '../gpu/buffers.ts';
import type { BvhLayout } from './bvh/layout.ts';
import type { BvhTree } from './bvh/bvh-tree.ts';
import { isSolid } from './albedo/tables.ts';
import { buildAliasTable } from './emitters/alias-table.ts';
import type { LightEntry } from './emitters/light-list.ts';
import type { EnvironmentMap } from './environment/environment-map.ts';
import type { Camera, Material, Scene } from './scene/scene.ts';
import { createEnvironmentTextures } from './environment/environment-textures.ts';
import { isPartlyOpen, packMaterials } from './material-buffer.ts';
import { SceneError } from './scene/scene-error.ts';

/** What a scene uses, as the overrides of `shaders/render/scene-data.wgsl`: 1 or 0. */
export type SceneFeatures = Readonly<
  Record<'HAS_TEXTURES' | 'HAS_LAYERS' | 'HAS_VOLUME' | 'HAS_ENVIRONMENT' | 'HAS_ALPHA', number>
>;

/** Tells pipelines apart: two scenes that use the same things share theirs. */
export function featureKey(layoutName: string, features: SceneFeatures): string {
  return [layoutName, ...Object.values(features)].join(' ');
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
}

/** The scene in GPU memory. */
export interface SceneBuffers {
  /** Everything that `shaders/render/scene-data.wgsl` binds in group 0, in the order of the bindings. */
  readonly resources: readonly GPUBindingResource[];
  /** Constants for pipelines that shade this scene. */
  readonly features: SceneFeatures;
  readonly sizeBytes: number;
  destroy(): void;
}

export function packScene(
  scene: Scene,
  tree: BvhTree,
  layout: BvhLayout,
  lights: readonly LightEntry[],
  settings: RenderSettings,
  environment?: EnvironmentMap,
): PackedScene {
  const slotOf = new Uint32Array(scene.triangleCount);
  tree.triangleOrder.forEach((triangle, slot) => {
    slotOf[triangle] = slot;
  });
  const packed = packMaterials(scene);
  const hasAlpha = scene.materials.map((material) => isPartlyOpen(material, scene.images));
  return {
    nodes: layout.pack(tree),
    triangles: packTriangles(scene, tree.triangleOrder, hasAlpha),
    corners: packCorners(scene, tree.triangleOrder),
    materials: packed.materials,
    texels: packed.texels,
    lights: packLights(lights, slotOf),
    albedoTables: packed.albedoTables,
    uniforms: packUniforms(scene, tree.rootReference, lights, settings, environment),
    environment,
    features: {
      HAS_TEXTURES: scene.images === undefined || scene.images.length === 0 ? 0 : 1,
      HAS_LAYERS: scene.materials.some(hasLayers) ? 1 : 0,
      HAS_VOLUME: scene.materials.some(isSolid) ? 1 : 0,
      HAS_ENVIRONMENT: environment === undefined ? 0 : 1,
      HAS_ALPHA: hasAlpha.includes(true) ? 1 : 0,
    },
  };
}

function hasLayers(material: Material): boolean {
  return ((material.transmission ?? 0) > 0 && !isSolid(material)) || (material.clearcoat?.factor ?? 0) > 0;
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
    words[slot * 12 + 3] = triangle;
    const material = scene.materialIndices[triangle] as number;
    words[slot * 12 + 7] = material;
    words[slot * 12 + 11] = hasAlpha[material] === true ? triangleHasAlpha : 0;
  }
  return bytes;
}

/** Normals of the corners, with u in the fourth place of each and the three v behind them. */
function packCorners(scene: Scene, order: Uint32Array): ArrayBuffer {
  const floats = new Float32Array(scene.triangleCount * 16);
  for (let slot = 0; slot < order.length; slot += 1) {
    const triangle = order[slot] as number;
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

const lightKinds = { triangle: 0, point: 1, spot: 1, directional: 2, environment: 3 } as const;

function packLights(lights: readonly LightEntry[], slotOf: Uint32Array): ArrayBuffer {
  const bytes = new ArrayBuffer(Math.max(1, lights.length) * 64);
  const floats = new Float32Array(bytes);
  const words = new Uint32Array(bytes);
  const table = buildAliasTable(lights.map((light) => light.weight));
  lights.forEach((light, index) => {
    const start = index * 16;
    floats[start] = table.thresholds[index] as number;
    words[start + 1] = table.aliases[index] as number;
    words[start + 2] = lightKinds[light.kind === 'punctual' ? light.light.kind : light.kind];
    floats[start + 7] = light.weight / table.total;
    if (light.kind === 'triangle') words[start + 3] = slotOf[light.triangle] as number;
    if (light.kind !== 'punctual') return;
    const { position, direction, intensity, cone } = light.light;
    // KHR_lights_punctual: the falloff between the cones is the square of a line through their cosines.
    const scale = cone === undefined ? 0 : 1 / Math.max(0.001, cone.innerCosine - cone.outerCosine);
    floats.set(position, start + 4);
    floats.set([...direction, scale], start + 8);
    floats.set([...intensity, cone === undefined ? 1 : -cone.outerCosine * scale], start + 12);
  });
  return bytes;
}

function packUniforms(
  scene: Scene,
  rootReference: number,
  lights: readonly LightEntry[],
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
  words[19] = rootReference;
  const power = lights.reduce((sum, light) => sum + light.weight, 0);
  floats[20] = power > 0 ? 1 / power : 0;
  words[21] = lights.length;
  const chosen = lights.find((light) => light.kind === 'environment');
  words[22] = environment?.sideTexels ?? 0;
  floats[23] = chosen === undefined ? 0 : chosen.weight / power;
  floats[24] = camera.lens?.radius ?? 0;
  floats[25] = camera.lens?.focusDistance ?? 0;
  return bytes;
}

/** Half extents of the image at distance 1; pixels are square, the vertical angle is the camera's. */
export function imagePlane(camera: Camera, settings: Pick<RenderSettings, 'widthPixels' | 'heightPixels'>) {
  const halfHeight = Math.tan(camera.verticalFieldOfViewRadians / 2);
  return { halfHeight, halfWidth: (halfHeight * settings.widthPixels) / settings.heightPixels };
}

/** Uploads a packed scene. @throws SceneError when a buffer is larger than the device can bind. */
export function createSceneBuffers(device: GPUDevice, packed: PackedScene): SceneBuffers {
  const named: [string, ArrayBuffer][] = [
    ['nodes', packed.nodes],
    ['triangles', packed.triangles],
    ['corners', packed.corners],
    ['materials', packed.materials],
    ['lights', packed.lights],
    ['albedoTables', packed.albedoTables],
    ['texels', packed.texels],
  ];
  const limit = Math.min(device.limits.maxStorageBufferBindingSize, device.limits.maxBufferSize);
  for (const [name, bytes] of named) {
    if (bytes.byteLength <= limit) continue;
    throw new SceneError(
      'limit-exceeded',
      `the scene's ${name} take ${bytes.byteLength} bytes of GPU memory; this adapter binds at most ${limit}`,
      { field: 'meshes', value: bytes.byteLength, limit },
    );
  }
  const environmentTextures = createEnvironmentTextures(device, packed.environment);
  const storage = named.map(([name, bytes]) => uploadStorageBuffer(device, `render.${name}`, new Uint8Array(bytes)));
  // UNIFORM 0x40.
  const uniforms = createStorageBuffer(device, 'render.scene', packed.uniforms.byteLength, 0x40);
  device.queue.writeBuffer(uniforms, 0, packed.uniforms);
  const buffers = [uniforms, ...storage];
  const environmentBytes = environmentTextures.reduce((sum, texture) => sum + texture.width * texture.height * 12, 0);
  return {
    resources: [
      ...buffers.slice(0, 7).map((buffer) => ({ buffer })),
      ...environmentTextures.map((texture) => texture.createView({ label: texture.label })),
      ...buffers.slice(7).map((buffer) => ({ buffer })),
    ],
    features: packed.features,
    sizeBytes: buffers.reduce((sum, buffer) => sum + buffer.size, environmentBytes),
    destroy() {
      for (const resource of [...buffers, ...environmentTextures]) resource.destroy();
    },
  };
}
