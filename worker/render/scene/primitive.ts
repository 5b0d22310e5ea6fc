import { readIndices, readNumbers } from './accessor-values.ts';
import { unfoldMesh } from './compressed-mesh.ts';
import type { MorphTarget, PrimitivePlan } from './mesh.ts';

/** A primitive's data in its own space; `indices` lists three vertices per triangle. */
export interface Primitive {
  readonly path: string;
  readonly positions: Float32Array;
  readonly normals: Float32Array | undefined;
  readonly textureCoordinates: Float32Array | undefined;
  readonly indices: Uint32Array;
  readonly materialIndex: number | undefined;
  /** By number of the target; only those that some instance gives a weight. */
  readonly targets: ReadonlyMap<number, MorphDeltas>;
  readonly influences: readonly Influences[];
}

export interface MorphDeltas {
  readonly positions: Float32Array | undefined;
  readonly normals: Float32Array | undefined;
}

/** Four joints and four weights per vertex. */
export interface Influences {
  readonly path: string;
  readonly joints: Float32Array;
  readonly weights: Float32Array;
}

/** What of a primitive is needed beside its shape at rest. */
export interface PrimitiveNeeds {
  readonly targets: readonly number[];
  readonly influences: boolean;
}

/** Vertices and corners that reading takes memory for. */
export function countVertices(plan: PrimitivePlan, needs: PrimitiveNeeds): number {
  const { count } = plan.positions;
  const extra = needs.targets.length * 2 + (needs.influences ? plan.influences.length * 2 : 0);
  return count * (1 + extra) + (plan.indices?.count ?? 0) / 3;
}

/** Reads and checks every vertex and index of a primitive. */
export async function readPrimitive(planned: PrimitivePlan, needs: PrimitiveNeeds): Promise<Primitive> {
  const plan = await unfoldMesh(planned);
  const { path } = plan;
  const attribute = (key: string) => `${path}.attributes.${key}`;
  const vertexCount = plan.positions.count;
  const positions = await readNumbers(plan.positions, attribute('POSITION'));
  const normals = plan.normals === undefined ? undefined : await readNumbers(plan.normals, attribute('NORMAL'));
  const textureCoordinates =
    plan.textureCoordinates === undefined
      ? undefined
      : await readNumbers(plan.textureCoordinates, attribute('TEXCOORD_0'));
  const indices =
    plan.indices === undefined
      ? Uint32Array.from({ length: vertexCount }, (_, index) => index)
      : await readIndices(plan.indices, `${path}.indices`, {
          count: vertexCount,
          sentence: `the primitive has ${vertexCount} vertices`,
        });
  const targets = new Map<number, MorphDeltas>();
  for (const index of needs.targets) targets.set(index, await readDeltas(plan.targets[index] as MorphTarget));
  const influences: Influences[] = [];
  for (const [set, { joints, weights }] of (needs.influences ? plan.influences : []).entries()) {
    influences.push({
      path: attribute(`JOINTS_${set}`),
      joints: await readNumbers({ ...joints, isNormalized: false }, attribute(`JOINTS_${set}`)),
      // glTF 2.0, section 3.7.3.3: integers are normalized whether or not the accessor says so.
      weights: await readNumbers({ ...weights, isNormalized: true }, attribute(`WEIGHTS_${set}`)),
    });
  }
  const { materialIndex } = plan;
  return { path, positions, normals, textureCoordinates, indices, materialIndex, targets, influences };
}

async function readDeltas({ path, positions, normals }: MorphTarget): Promise<MorphDeltas> {
  return {
    positions: positions === undefined ? undefined : await readNumbers(positions, `${path}.POSITION`),
    normals: normals === undefined ? undefined : await readNumbers(normals, `${path}.NORMAL`),
  };
}
