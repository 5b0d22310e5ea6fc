/** What the adapter says of its matrix units. */
export interface SubgroupMatrixFacts {
  readonly isOffered: boolean;
  /** As Dawn lists them; null where it lists none to JavaScript. */
  readonly listed: readonly Readonly<Record<string, string | number>>[] | null;
  /** Shapes whose smallest shader compiled, tried where the device has the feature. */
  readonly compiled: readonly string[];
}

const feature = 'chromium-experimental-subgroup-matrix';

/** Inner component, result component, M, N, K. The shapes that NVIDIA, Intel and Apple are known to have. */
const candidates: readonly (readonly [string, string, number, number, number])[] = [
  ['f16', 'f16', 16, 16, 16],
  ['f16', 'f32', 16, 16, 16],
  ['f16', 'f16', 16, 8, 16],
  ['f16', 'f32', 16, 8, 16],
  ['f16', 'f32', 16, 8, 8],
  ['f16', 'f16', 8, 16, 16],
  ['f16', 'f32', 8, 16, 16],
  ['f16', 'f16', 8, 8, 8],
  ['f32', 'f32', 8, 8, 8],
  ['i8', 'i32', 16, 16, 16],
  ['i8', 'i32', 16, 16, 32],
  ['i8', 'i32', 8, 16, 32],
];

export async function readSubgroupMatrix(device: GPUDevice): Promise<SubgroupMatrixFacts> {
  const isOffered = device.features.has(feature);
  const compiled: string[] = [];
  if (isOffered) {
    for (const candidate of candidates) {
      if (await compiles(device, candidate)) compiled.push(describe(candidate));
    }
  }
  return { isOffered, listed: readListed(device), compiled };
}

function describe([inner, result, m, n, k]: (typeof candidates)[number]): string {
  return `${inner} -> ${result} ${m}x${n}x${k}`;
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

/** One multiply-accumulate of this shape; whether its numbers are right is the kernels' own check. */
async function compiles(device: GPUDevice, candidate: (typeof candidates)[number]): Promise<boolean> {
  const [inner, result, m, n, k] = candidate;
  const storage = inner === 'i8' ? 'i32' : inner;
  const code = `enable chromium_experimental_subgroup_matrix;
${inner === 'f16' || result === 'f16' ? 'enable f16;' : ''}
@group(0) @binding(0) var<storage, read_write> a: array<${storage}>;
@group(0) @binding(1) var<storage, read_write> c: array<${result}>;
@compute @workgroup_size(32)
fn main() {
  let left = subgroupMatrixLoad<subgroup_matrix_left<${inner}, ${k}, ${m}>>(&a, 0, false, ${k});
  let right = subgroupMatrixLoad<subgroup_matrix_right<${inner}, ${n}, ${k}>>(&a, 0, false, ${n});
  var sum: subgroup_matrix_result<${result}, ${n}, ${m}>;
  sum = subgroupMatrixMultiplyAccumulate(left, right, sum);
  subgroupMatrixStore(&c, 0, sum, false, ${n});
}`;
  device.pushErrorScope('validation');
  device.pushErrorScope('internal');
  const module = device.createShaderModule({ label: describe(candidate), code });
  const pipeline = device.createComputePipelineAsync({
    label: describe(candidate),
    layout: 'auto',
    compute: { module },
  });
  const [outcome] = await Promise.allSettled([pipeline]);
  const errors = [await device.popErrorScope(), await device.popErrorScope()];
  return outcome.status === 'fulfilled' && errors.every((error) => error === null);
}
