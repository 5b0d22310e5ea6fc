import { type Matrix, normalMatrix, transformPoint, transformVector } from './matrix.ts';
import type { Influences, Primitive } from './primitive.ts';
import { SceneError } from './scene-error.ts';

/** The primitive with each morph target added as much as its weight says (glTF 2.0, section 3.7.2.2). */
export function morph(primitive: Primitive, weights: readonly number[]): Primitive {
  const active = weights.flatMap((weight, index) => {
    const deltas = weight === 0 ? undefined : primitive.targets.get(index);
    return deltas === undefined ? [] : [{ weight, deltas }];
  });
  const moved = (values: Float32Array, pick: 'positions' | 'normals'): Float32Array => {
    const sums = Float64Array.from(values);
    for (const { weight, deltas } of active) {
      const added = deltas[pick];
      if (added === undefined) continue;
      for (let index = 0; index < sums.length; index += 1)
        sums[index] = (sums[index] as number) + weight * (added[index] as number);
    }
    return Float32Array.from(sums);
  };
  return {
    ...primitive,
    positions: moved(primitive.positions, 'positions'),
    normals: primitive.normals === undefined ? undefined : moved(primitive.normals, 'normals'),
  };
}

/**
 * The primitive in world space, each vertex moved by its joints (glTF 2.0, section 3.7.3.3). Weights of a vertex are brought
 * to a sum of 1; a vertex without any follows the first joint.
 *
 * @throws SceneError naming the first vertex that follows a joint its skin does not have.
 */
export function followJoints(primitive: Primitive, joints: readonly Matrix[]): Primitive {
  const { positions, normals, influences } = primitive;
  const movedPositions = new Float32Array(positions.length);
  const movedNormals = normals === undefined ? undefined : new Float32Array(normals.length);
  for (let vertex = 0; vertex * 3 < positions.length; vertex += 1) {
    const matrix = blend(influences, joints, vertex);
    const at = vertex * 3;
    movedPositions.set(transformPoint(matrix, ...triple(positions, at)), at);
    if (normals === undefined || movedNormals === undefined) continue;
    movedNormals.set(transformVector(normalMatrix(matrix), ...triple(normals, at)), at);
  }
  return { ...primitive, positions: movedPositions, normals: movedNormals };
}

function blend(influences: readonly Influences[], joints: readonly Matrix[], vertex: number): Matrix {
  const sum = Array.from({ length: 16 }, () => 0);
  let total = 0;
  for (const { path, joints: indices, weights } of influences) {
    for (let place = vertex * 4; place < vertex * 4 + 4; place += 1) {
      const weight = weights[place] as number;
      const joint = indices[place] as number;
      const matrix = joints[joint];
      if (matrix === undefined) {
        throw new SceneError(
          'out-of-range',
          `${path}[${vertex}] is joint ${joint}, but the skin has ${joints.length} joints`,
          { field: `${path}[${vertex}]`, value: joint, limit: joints.length },
        );
      }
      total += weight;
      for (let index = 0; index < 16; index += 1)
        sum[index] = (sum[index] as number) + weight * (matrix[index] as number);
    }
  }
  if (total > 0) return sum.map((value) => value / total);
  return joints[0] as Matrix;
}

function triple(values: Float32Array, at: number): [number, number, number] {
  return [values[at] as number, values[at + 1] as number, values[at + 2] as number];
}
