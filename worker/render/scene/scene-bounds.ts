import { type Matrix, transformPoint } from './matrix.ts';
import type { Scene, SharedMeshes, TriangleRange, Vector3 } from './scene.ts';
import { assertNear } from './triangle-list.ts';

export interface Box {
  readonly minimum: [number, number, number];
  readonly maximum: [number, number, number];
}

function emptyBox(): Box {
  return { minimum: [Infinity, Infinity, Infinity], maximum: [-Infinity, -Infinity, -Infinity] };
}

function grow({ minimum, maximum }: Box, point: Vector3): void {
  for (const axis of [0, 1, 2] as const) {
    if (point[axis] < minimum[axis]) minimum[axis] = point[axis];
    if (point[axis] > maximum[axis]) maximum[axis] = point[axis];
  }
}

/** Around triangles of the list, in the space that they lie in. */
export function boxOfRange(positions: Float32Array, { firstTriangle, triangleCount }: TriangleRange): Box {
  const { minimum, maximum } = emptyBox();
  for (let index = firstTriangle * 9; index < (firstTriangle + triangleCount) * 9; index += 1) {
    const axis = (index % 3) as 0 | 1 | 2;
    const value = positions[index] as number;
    if (value < minimum[axis]) minimum[axis] = value;
    if (value > maximum[axis]) maximum[axis] = value;
  }
  return { minimum, maximum };
}

/** Around the corners of a box that is moved: wider than around what the box holds. @throws SceneError when it ends too far away. */
export function placedBox(box: Box, world: Matrix): Box {
  const placed = emptyBox();
  for (let corner = 0; corner < 8; corner += 1) {
    const [x, y, z] = [0, 1, 2].map(
      (axis) => (((corner >> axis) & 1) === 0 ? box.minimum : box.maximum)[axis] as number,
    );
    grow(placed, assertNear(transformPoint(world, x as number, y as number, z as number)));
  }
  return placed;
}

/** Around all that the scene shows. */
export function boundsOf(positions: Float32Array, shared: SharedMeshes | undefined): Scene['boundingBox'] {
  if (shared === undefined) return boxOfRange(positions, { firstTriangle: 0, triangleCount: positions.length / 9 });
  const whole = boxOfRange(positions, shared.alone);
  const boxes = shared.meshes.map((range) => boxOfRange(positions, range));
  for (const { mesh, world } of shared.instances) {
    const placed = placedBox(boxes[mesh] as Box, world);
    grow(whole, placed.minimum);
    grow(whole, placed.maximum);
  }
  return whole;
}
