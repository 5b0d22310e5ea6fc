import type { ByteSource } from '../../byte-source.ts';
import type { SceneView } from '../../messages.ts';
import { createAccessorTable } from './accessor.ts';
import { readPose } from './animation.ts';
import { createBufferViewTable } from './buffer-views.ts';
import { frameBoundingBox, readCamera } from './camera.ts';
import { followJoints, morph } from './deform.ts';
import { listMember } from './field.ts';
import { openGlb } from './glb-container.ts';
import { type MeshNode, checkInstanceCount, listMeshNodes } from './instances.ts';
import { sceneLimits } from './limits.ts';
import { materialExtensions } from './material-extensions.ts';
import { defaultMaterial, readBackground, readMaterials } from './material.ts';
import { type Matrix, identity } from './matrix.ts';
import { type MeshPlan, planMeshes } from './mesh.ts';
import { checkRequiredExtensions, placeNodes } from './node-tree.ts';
import { planTriangles } from './plan-triangles.ts';
import { type Primitive, type PrimitiveNeeds, countVertices, readPrimitive } from './primitive.ts';
import { readPunctualLights } from './punctual-light.ts';
import type { Scene } from './scene.ts';
import { boundsOf } from './scene-bounds.ts';
import { SceneError } from './scene-error.ts';
import { chooseSharedMeshes, isDeformed } from './shared-meshes.ts';
import { type Skin, planSkins, readJointMatrices } from './skin.ts';
import { createTextureTable } from './texture.ts';
import { createTriangleList } from './triangle-list.ts';

const supportedExtensions = [
  'EXT_mesh_gpu_instancing',
  'EXT_meshopt_compression',
  'EXT_texture_webp',
  'KHR_draco_mesh_compression',
  'KHR_lights_punctual',
  'KHR_materials_emissive_strength',
  ...materialExtensions,
  'KHR_mesh_quantization',
  'KHR_meshopt_compression',
  'KHR_texture_basisu',
  'KHR_texture_transform',
];

/**
 * Loads the default scene of a GLB, as it stands at the view's time, into one triangle list in world space, but for meshes
 * that are shown so often that they are kept once. Everything is bounds-checked before it is read, and counted before memory
 * is taken.
 *
 * @param options.leastSaving triangles that keeping a mesh once has to save; by the size of the scene when not said.
 * @throws SceneError.
 */
export async function loadScene(
  source: ByteSource,
  view: SceneView = {},
  options: { readonly leastSaving?: number } = {},
): Promise<Scene> {
  const glb = await openGlb(source);
  const { document } = glb;
  checkRequiredExtensions(document, supportedExtensions);
  const textures = createTextureTable(document);
  const materials = readMaterials(document, textures);
  const views = createBufferViewTable(glb);
  const accessors = createAccessorTable(document, views);
  const meshes = planMeshes(document, { accessors, views, materialCount: materials.length });
  const skins = planSkins(document, accessors);
  const pose = await readPose(document, accessors, view);
  const tree = placeNodes(document, pose);
  const nodes = listMeshNodes(tree.placed, meshes, skins.length, accessors, pose);
  const needs = needsOf(nodes);
  assertVertices(nodes, meshes, needs);
  checkInstanceCount(nodes);
  const shared = chooseSharedMeshes(nodes, meshes, materials, options.leastSaving);
  const plan = await planTriangles(nodes, meshes, shared);

  const primitives = new Map<number, Primitive[]>();
  for (const [index, own] of needs) {
    const decoded: Primitive[] = [];
    for (const plan of (meshes[index] as MeshPlan).primitives) decoded.push(await readPrimitive(plan, own));
    primitives.set(index, decoded);
  }
  const joints = new Map<number, Matrix[]>();
  for (const { skinIndex } of nodes) {
    if (skinIndex === undefined || joints.has(skinIndex)) continue;
    joints.set(skinIndex, await readJointMatrices(skins[skinIndex] as Skin, tree.placed));
  }

  const images = await textures.decode(views);
  // Stretched surfaces have their direction from the texture coordinates, even without a texture.
  const isMapped = images.length > 0 || materials.some(({ anisotropy }) => anisotropy !== undefined);
  const list = createTriangleList(plan.triangleCount, materials.length, isMapped);
  for (const { node, worlds } of plan.alone) {
    const matrices = node.skinIndex === undefined ? undefined : joints.get(node.skinIndex);
    const shapes = (primitives.get(node.meshIndex) as Primitive[]).map((shape) => poseShape(shape, node, matrices));
    for (const world of worlds) {
      for (const { shape, isInWorld } of shapes) list.add(shape, isInWorld ? identity : world);
    }
  }
  for (const mesh of plan.sharedMeshes)
    for (const shape of primitives.get(mesh) as Primitive[]) list.add(shape, identity);
  const boundingBox = boundsOf(list.positions, plan.shared);
  return {
    triangleCount: plan.triangleCount,
    ...(plan.shared === undefined ? {} : { shared: plan.shared }),
    positions: list.positions,
    normals: list.normals,
    ...(isMapped ? { textureCoordinates: list.textureCoordinates, images } : {}),
    materialIndices: list.materialIndices,
    // The default material comes last, where a primitive without one finds it.
    materials: [...materials, defaultMaterial],
    camera: readCamera(document, tree.placed, view.camera) ?? frameBoundingBox(boundingBox),
    punctualLights: readPunctualLights(document, tree.placed),
    background: readBackground(tree.scene),
    boundingBox,
    meshCount: listMember(document, 'meshes', sceneLimits.meshes).length,
    nodeCount: tree.nodeCount,
  };
}

/** What is read of each mesh that the scene shows. */
function needsOf(nodes: readonly MeshNode[]): Map<number, PrimitiveNeeds> {
  const needs = new Map<number, { targets: Set<number>; influences: boolean }>();
  for (const { meshIndex, weights, skinIndex } of nodes) {
    const own = needs.get(meshIndex) ?? { targets: new Set<number>(), influences: false };
    weights.forEach((weight, target) => {
      if (weight !== 0) own.targets.add(target);
    });
    if (skinIndex !== undefined) own.influences = true;
    needs.set(meshIndex, own);
  }
  const entries = [...needs].map(
    ([mesh, { targets, influences }]) => [mesh, { targets: [...targets], influences }] as const,
  );
  return new Map(entries);
}

/** A primitive as a node shows it. With joints it lies in the world, whatever the node's own transform says. */
function poseShape(shape: Primitive, node: MeshNode, joints: readonly Matrix[] | undefined) {
  const morphed = node.weights.some((weight) => weight !== 0) ? morph(shape, node.weights) : shape;
  if (joints === undefined || shape.influences.length === 0) return { shape: morphed, isInWorld: false };
  return { shape: followJoints(morphed, joints), isInWorld: true };
}

function assertVertices(
  nodes: readonly MeshNode[],
  meshes: readonly MeshPlan[],
  needs: ReadonlyMap<number, PrimitiveNeeds>,
): void {
  let vertices = 0;
  for (const [index, own] of needs) {
    for (const plan of (meshes[index] as MeshPlan).primitives) vertices += countVertices(plan, own);
  }
  for (const node of nodes.filter(isDeformed)) {
    for (const plan of (meshes[node.meshIndex] as MeshPlan).primitives) vertices += plan.positions.count;
  }
  const value = Math.ceil(vertices);
  const limit = sceneLimits.vertices;
  if (value <= limit) return;
  throw new SceneError('limit-exceeded', `the scene has ${value} vertices; the limit is ${limit}`, {
    field: 'meshes',
    value,
    limit,
  });
}
