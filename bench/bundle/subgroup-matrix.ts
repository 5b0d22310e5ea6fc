import {
  describeSubgroupMatrix,
  SUBGROUP_MATRIX_FEATURE,
  type SubgroupMatrixShape,
  type SubgroupMatrixVerdict,
  trySubgroupMatrix,
} from '../../worker/gpu/subgroup-matrix.ts';

/** What the adapter says of its matrix units. */
export interface SubgroupMatrixFacts {
  readonly isOffered: boolean;
  /** As Dawn lists them; null where it lists none to JavaScript. */
  readonly listed: readonly Readonly<Record<string, string | number>>[] | null;
  /** Shapes that compiled and whether their numbers are right, where the device has the feature. */
  readonly tried: readonly { readonly shape: string; readonly words: string; readonly halves?: string }[];
}

const shape = (
  inner: SubgroupMatrixShape['inner'],
  result: SubgroupMatrixShape['result'],
  m: number,
  n: number,
  k: number,
): SubgroupMatrixShape => ({ inner, result, m, n, k });

/** The shapes that NVIDIA, Intel, AMD and Apple are known to have. */
const candidates: readonly SubgroupMatrixShape[] = [
  shape('f16', 'f16', 16, 16, 16),
  shape('f16', 'f32', 16, 16, 16),
  shape('f16', 'f16', 16, 8, 16),
  shape('f16', 'f32', 16, 8, 16),
  shape('f16', 'f32', 16, 8, 8),
  shape('f16', 'f16', 8, 16, 16),
  shape('f16', 'f32', 8, 16, 16),
  shape('f16', 'f16', 8, 8, 8),
  shape('f16', 'f32', 8, 8, 8),
  shape('f32', 'f32', 8, 8, 8),
  shape('i8', 'i32', 16, 16, 16),
  shape('i8', 'i32', 16, 16, 32),
  shape('i8', 'i32', 8, 16, 32),
];

export async function readSubgroupMatrix(device: GPUDevice): Promise<SubgroupMatrixFacts> {
  const isOffered = device.features.has(SUBGROUP_MATRIX_FEATURE);
  const tried: { shape: string; words: SubgroupMatrixVerdict; halves?: SubgroupMatrixVerdict }[] = [];
  for (const candidate of isOffered ? candidates : []) {
    const words = await trySubgroupMatrix(device, candidate, 'vec4<u32>');
    if (words === 'refused') continue;
    const halves = candidate.inner === 'f16' ? { halves: await trySubgroupMatrix(device, candidate, 'vec4<f16>') } : {};
    tried.push({ shape: describeSubgroupMatrix(candidate), words, ...halves });
  }
  return { isOffered, listed: readListed(device), tried };
}

function readListed(device: GPUDevice): SubgroupMatrixFacts['listed'] {
  const listed: unknown = Reflect.get(device.adapterInfo, 'subgroupMatrixConfigs');
  if (!Array.isArray(listed)) return null;
  return listed.map((config: object) => {
    const plain: Record<string, string | number> = {};
    for (const name of ['componentType', 'resultComponentType', 'M', 'N', 'K']) {
      const value: unknown = Reflect.get(config, name);
      if (typeof value === 'string' || typeof value === 'number') plain[name] = value;
    }
    return plain;
  });
}
