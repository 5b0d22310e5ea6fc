import type { ByteSource } from '../../byte-source.ts';
import { createAccessorTable } from './accessor.ts';
import { frameBoundingBox, readCamera } from './camera.ts';
import { indexOf, listMember, optionalMember } from './field.ts';
import { openGlb } from './glb-container.ts';
import { sceneLimits } from './limits.ts';
import { defaultMaterial, readBackground, readMaterials } from './material.ts';
import { type Matrix, cross, determinant, normalMatrix, transformPoint, transformVector, unit } from './matrix.ts';
import { type Primitive, type PrimitivePlan, planMeshes, readPrimitive } from './mesh.ts';
import { checkRequiredExtensions, placeNodes } from './node-tree.ts';
import { readPunctualLights } from './punctual-light.ts';
import type { Scene, Vector3 } from './scene.ts';
import { SceneError } from './scene-error.ts';
import { createTextureTable } from './texture.ts';

const supportedExtensions = [
  'KHR_lights_punctual',
  'KHR_materials_clearcoat',
  'KHR_materials_emissive_strength',
  'KHR_materials_ior',
  'KHR_materials_specular',
  'KHR_materials_transmission',
  'KHR_materials_unlit',
  'KHR_mesh_quantization',
  'KHR_texture_transform',
];

interface Instance {
  readonly meshIndex: number;
  readonly world: Matrix;
}

/**
 * Loads the default scene of a GLB into one triangle list in world space. Everything is bounds-checked before it is
 * read, and counted before memory is taken. @throws SceneError.
 */
export async function loadScene(source: ByteSource): Promise<Scene> {
  const glb = await openGlb(source);
  const { document } = glb;
  checkRequiredExtensions(document, supportedExtensions);
  const textures = createTextureTable(document);
  const materials = readMaterials(document, textures);
  const accessors = createAccessorTable(glb);
  const plans = planMeshes(document, accessors, materials.length);
  const tree = placeNodes(document);
  const instances = tree.placed.flatMap((node): Instance[] => {
    const mesh = optionalMember(node.field, 'mesh');
    return mesh === undefined ? [] : [{ meshIndex: indexOf(mesh, plans.length, 'meshes'), world: node.world }];
  });
  const triangleCount = countTriangles(plans, instances);

  const primitives = new Map<number, Primitive[]>();
  for (const index of new Set(instances.map((instance) => instance.meshIndex))) {
    const decoded: Primitive[] = [];
    for (const plan of plans[index] as PrimitivePlan[]) decoded.push(await readPrimitive(glb, plan));
    primitives.set(index, decoded);
  }

  const images = await textures.decode(glb, accessors);
  const list = createTriangleList(triangleCount, materials.length, images.length > 0);
  for (const instance of instances) {
    for (const primitive of primitives.get(instance.meshIndex) as Primitive[]) list.add(primitive, instance.world);
  }
  const boundingBox = boundsOf(list.positions);
  return {
    triangleCount,
    positions: list.positions,
    normals: list.normals,
    ...(images.length > 0 ? { textureCoordinates: list.textureCoordinates, images } : {}),
    materialIndices: list.materialIndices,
    // The default material comes last, where a primitive without one finds it.
    materials: [...materials, defaultMaterial],
    camera: readCamera(document, tree.placed) ?? frameBoundingBox(boundingBox),
    punctualLights: readPunctualLights(document, tree.placed),
    background: readBackground(tree.scene),
    boundingBox,
    meshCount: listMember(document, 'meshes', sceneLimits.meshes).length,
    nodeCount: tree.nodeCount,
  };
}

function countTriangles(plans: readonly PrimitivePlan[][], instances: readonly Instance[]): number {
  const used = new Set(instances.map((instance) => instance.meshIndex));
  let vertices = 0;
  for (const index of used) {
    for (const plan of plans[index] as PrimitivePlan[])
      vertices += plan.positions.count + (plan.indices?.count ?? 0) / 3;
  }
  assertCount('vertices', Math.ceil(vertices), sceneLimits.vertices);
  const perMesh = plans.map((mesh) => mesh.reduce((sum, plan) => sum + plan.triangleCount, 0));
  const triangles = instances.reduce((sum, instance) => sum + (perMesh[instance.meshIndex] as number), 0);
  assertCount('triangles', triangles, sceneLimits.triangles);
  if (triangles > 0) return triangles;
  throw new SceneError('empty-scene', 'the scene shows no triangles: none of its nodes has a mesh', {
    field: 'scenes',
  });
}

function assertCount(what: string, value: number, limit: number): void {
  if (value <= limit) return;
  throw new SceneError('limit-exceeded', `the scene has ${value} ${what}; the limit is ${limit}`, {
    field: 'meshes',
    value,
    limit,
  });
}

function createTriangleList(triangleCount: number, defaultMaterialIndex: number, isTextured: boolean) {
  const positions = new Float32Array(triangleCount * 9);
  const normals = new Float32Array(triangleCount * 9);
  const textureCoordinates = new Float32Array(isTextured ? triangleCount * 6 : 0);
  const materialIndices = new Uint32Array(triangleCount);
  let next = 0;

  function add(primitive: Primitive, world: Matrix): void {
    const normalTransform = normalMatrix(world);
    // A mirroring transform turns counter-clockwise triangles round (glTF 2.0, section 3.7.4).
    const corners = determinant(world) < 0 ? [0, 2, 1] : [0, 1, 2];
    for (let triangle = 0; triangle < primitive.indices.length; triangle += 3) {
      const vertices = corners.map((corner) => primitive.indices[triangle + corner] as number);
      const points = vertices.map((vertex) => place(primitive.positions, vertex, world));
      const [a, b, c] = points as [Vector3, Vector3, Vector3];
      const flat = unit(cross(difference(b, a), difference(c, a))) ?? [0, 1, 0];
      for (let corner = 0; corner < 3; corner += 1) {
        const vertex = vertices[corner] as number;
        positions.set(points[corner] as Vector3, next * 9 + corner * 3);
        normals.set(normalAt(primitive, vertex, normalTransform) ?? flat, next * 9 + corner * 3);
        if (!isTextured || primitive.textureCoordinates === undefined) continue;
        textureCoordinates.set(
          primitive.textureCoordinates.subarray(vertex * 2, vertex * 2 + 2),
          next * 6 + corner * 2,
        );
      }
      materialIndices[next] = primitive.materialIndex ?? defaultMaterialIndex;
      next += 1;
    }
  }
  return { positions, normals, textureCoordinates, materialIndices, add };
}

function place(positions: Float32Array, vertex: number, world: Matrix): Vector3 {
  const point = transformPoint(world, ...vectorAt(positions, vertex));
  for (const value of point) {
    if (Math.abs(value) <= sceneLimits.coordinate) continue;
    throw new SceneError(
      'out-of-range',
      `a node transform puts a vertex at ${value}; the limit is ${sceneLimits.coordinate}`,
      {
        field: 'nodes',
        value: String(value),
        limit: sceneLimits.coordinate,
      },
    );
  }
  return point;
}

function normalAt(primitive: Primitive, vertex: number, transform: Matrix): Vector3 | undefined {
  if (primitive.normals === undefined) return undefined;
  return unit(transformVector(transform, ...vectorAt(primitive.normals, vertex)));
}

function vectorAt(values: Float32Array, vertex: number): Vector3 {
  return [values[vertex * 3] as number, values[vertex * 3 + 1] as number, values[vertex * 3 + 2] as number];
}

function difference(a: Vector3, b: Vector3): Vector3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function boundsOf(positions: Float32Array): Scene['boundingBox'] {
  const minimum: [number, number, number] = [Infinity, Infinity, Infinity];
  const maximum: [number, number, number] = [-Infinity, -Infinity, -Infinity];
  for (let index = 0; index < positions.length; index += 1) {
    const axis = (index % 3) as 0 | 1 | 2;
    const value = positions[index] as number;
    if (value < minimum[axis]) minimum[axis] = value;
    if (value > maximum[axis]) maximum[axis] = value;
  }
  return { minimum, maximum };
}
