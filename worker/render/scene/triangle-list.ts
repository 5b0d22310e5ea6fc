import { sceneLimits } from './limits.ts';
import { type Matrix, cross, determinant, normalMatrix, transformPoint, transformVector, unit } from './matrix.ts';
import type { Primitive } from './primitive.ts';
import type { Scene, Vector3 } from './scene.ts';
import { SceneError } from './scene-error.ts';

/** Triangles in world space, in the order in which they are added. */
export interface TriangleList extends Pick<Scene, 'positions' | 'normals' | 'materialIndices'> {
  readonly textureCoordinates: Float32Array<ArrayBuffer>;
  /** @throws SceneError when the transform puts a vertex too far away. */
  add(primitive: Primitive, world: Matrix): void;
}

/** @param defaultMaterialIndex of primitives that name none. */
export function createTriangleList(
  triangleCount: number,
  defaultMaterialIndex: number,
  isTextured: boolean,
): TriangleList {
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
  return assertNear(transformPoint(world, ...vectorAt(positions, vertex)));
}

/** @throws SceneError. */
export function assertNear(point: Vector3): Vector3 {
  for (const value of point) {
    if (Math.abs(value) <= sceneLimits.coordinate) continue;
    throw new SceneError(
      'out-of-range',
      `a node transform puts a vertex at ${value}; the limit is ${sceneLimits.coordinate}`,
      { field: 'nodes', value: String(value), limit: sceneLimits.coordinate },
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
