import type { Vector } from './vector.ts';

export interface ReferenceHit {
  readonly triangle: number;
  readonly distance: number;
  readonly u: number;
  readonly v: number;
}

export interface TriangleTree {
  closest(origin: Vector, direction: Vector): ReferenceHit | undefined;
  blocked(origin: Vector, direction: Vector, limit: number): boolean;
}

/** Hit of one triangle by Cramer's rule in float64, both sides; undefined for a miss. `slack` widens the triangle. */
export function hitTriangle(
  positions: Float32Array,
  triangle: number,
  origin: Vector,
  direction: Vector,
  slack = 0,
): ReferenceHit | undefined {
  const base = triangle * 9;
  const at = (index: number) => positions[base + index] as number;
  const [ax, ay, az] = [at(0), at(1), at(2)];
  const [e1x, e1y, e1z] = [at(3) - ax, at(4) - ay, at(5) - az];
  const [e2x, e2y, e2z] = [at(6) - ax, at(7) - ay, at(8) - az];
  const [nx, ny, nz] = [e1y * e2z - e1z * e2y, e1z * e2x - e1x * e2z, e1x * e2y - e1y * e2x];
  const determinant = -(direction[0] * nx + direction[1] * ny + direction[2] * nz);
  if (determinant === 0) return undefined;
  const [sx, sy, sz] = [origin[0] - ax, origin[1] - ay, origin[2] - az];
  const distance = (sx * nx + sy * ny + sz * nz) / determinant;
  if (!(distance > 0)) return undefined;
  const [cx, cy, cz] = [
    sy * direction[2] - sz * direction[1],
    sz * direction[0] - sx * direction[2],
    sx * direction[1] - sy * direction[0],
  ];
  const u = (e2x * cx + e2y * cy + e2z * cz) / determinant;
  const v = -(e1x * cx + e1y * cy + e1z * cz) / determinant;
  if (u < -slack || v < -slack || u + v > 1 + slack) return undefined;
  return { triangle, distance, u, v };
}

interface TreeNode {
  readonly box: readonly number[];
  /** Two children, or a leaf's triangles. */
  readonly children?: readonly [TreeNode, TreeNode];
  readonly triangles?: readonly number[];
}

/** A plain tree: halves the triangles at the median of their centres along the longest side of their box. */
export function createTriangleTree(positions: Float32Array, triangleCount: number): TriangleTree {
  const center = (triangle: number, axis: number): number =>
    (positions[triangle * 9 + axis] as number) +
    (positions[triangle * 9 + 3 + axis] as number) +
    (positions[triangle * 9 + 6 + axis] as number);

  function boxOf(triangles: readonly number[]): number[] {
    const box = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
    for (const triangle of triangles) {
      for (let index = 0; index < 9; index += 1) {
        const value = positions[triangle * 9 + index] as number;
        const axis = index % 3;
        box[axis] = Math.min(box[axis] as number, value);
        box[axis + 3] = Math.max(box[axis + 3] as number, value);
      }
    }
    return box;
  }

  function build(triangles: number[]): TreeNode {
    const box = boxOf(triangles);
    if (triangles.length <= 4) return { box, triangles };
    const extents = [0, 1, 2].map((axis) => (box[axis + 3] as number) - (box[axis] as number));
    const axis = extents.indexOf(Math.max(...extents));
    triangles.sort((a, b) => center(a, axis) - center(b, axis));
    const middle = triangles.length >> 1;
    return { box, children: [build(triangles.slice(0, middle)), build(triangles.slice(middle))] };
  }

  const root = build(Array.from({ length: triangleCount }, (_, index) => index));

  function search(origin: Vector, direction: Vector, limit: number, any: boolean): ReferenceHit | undefined {
    const inverse = direction.map((value) => 1 / (value === 0 ? 1e-300 : value)) as unknown as Vector;
    let best: ReferenceHit | undefined;
    const stack: TreeNode[] = [root];
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      const reach = best?.distance ?? limit;
      if (enters(node.box, origin, inverse, reach) === Infinity) continue;
      if (node.children !== undefined) {
        const [a, b] = node.children;
        const aFirst = enters(a.box, origin, inverse, reach) <= enters(b.box, origin, inverse, reach);
        stack.push(aFirst ? b : a, aFirst ? a : b);
        continue;
      }
      for (const triangle of node.triangles ?? []) {
        const hit = hitTriangle(positions, triangle, origin, direction);
        if (hit === undefined || hit.distance >= (best?.distance ?? limit)) continue;
        best = hit;
        if (any) return best;
      }
    }
    return best;
  }

  return {
    closest: (origin, direction) => search(origin, direction, Infinity, false),
    blocked: (origin, direction, limit) => search(origin, direction, limit, true) !== undefined,
  };
}

/** Distance at which a ray enters a box, or Infinity when it misses it within `limit`. */
function enters(box: readonly number[], origin: Vector, inverse: Vector, limit: number): number {
  let near = 0;
  let far = limit;
  for (let axis = 0; axis < 3; axis += 1) {
    const a = ((box[axis] as number) - (origin[axis] as number)) * (inverse[axis] as number);
    const b = ((box[axis + 3] as number) - (origin[axis] as number)) * (inverse[axis] as number);
    near = Math.max(near, Math.min(a, b));
    far = Math.min(far, Math.max(a, b));
  }
  return near <= far * (1 + 1e-12) ? near : Infinity;
}
