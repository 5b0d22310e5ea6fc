import operations from '../../../shaders/llm/matrix-units.wgsl?raw';
import {
  describeSubgroupMatrix,
  SUBGROUP_MATRIX_FEATURE,
  type SubgroupMatrixElement,
  type SubgroupMatrixShape,
  trySubgroupMatrix,
} from '../../gpu/subgroup-matrix.ts';

/** Matrix units as a kernel uses them: fragments of m rows, n tokens and k columns, f16 operands and f32 sums. */
export interface MatrixUnits {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly subgroupSize: number;
  /** What operands in workgroup memory are declared as. */
  readonly element: SubgroupMatrixElement;
  /** `enable` lines of a shader that uses them. */
  readonly enables: string;
  /** Parameter of the entry point that `subgroup` needs, and which subgroup an invocation is in. */
  readonly parameter: string;
  readonly subgroup: string;
  /** WGSL of Left, Right, Sum and the functions on them. */
  readonly operations: string;
}

export type FoundMatrixUnits =
  | { readonly units: MatrixUnits; readonly reason: null }
  | { readonly units: null; readonly reason: string };

/** In the order of preference: larger fragments read workgroup memory less often. */
const shapes: readonly SubgroupMatrixShape[] = (
  [
    [16, 16, 16],
    [8, 16, 16],
    [16, 8, 16],
    [8, 8, 8],
  ] as const
).map(([m, n, k]) => ({ inner: 'f16', result: 'f32', m, n, k }));

const hardware = {
  enables: 'enable chromium_experimental_subgroup_matrix;\nenable f16;\nenable subgroups;\n',
  parameter: '@builtin(subgroup_id) subgroupId: u32,',
  subgroup: 'subgroupId',
  operations,
} as const;

const found = new WeakMap<GPUDevice, Promise<FoundMatrixUnits>>();

/** The first shape whose numbers came out right on this device, tried once; or why there is none. */
export function findMatrixUnits(device: GPUDevice): Promise<FoundMatrixUnits> {
  let known = found.get(device);
  if (known === undefined) found.set(device, (known = tryShapes(device)));
  return known;
}

async function tryShapes(device: GPUDevice): Promise<FoundMatrixUnits> {
  for (const feature of [SUBGROUP_MATRIX_FEATURE, 'shader-f16', 'subgroups']) {
    if (!device.features.has(feature)) return { units: null, reason: `the adapter has no ${feature}` };
  }
  const { subgroupMinSize, subgroupMaxSize } = device.adapterInfo;
  // A kernel's threads are a whole number of subgroups, and it has to know how many.
  if (subgroupMaxSize === undefined || subgroupMinSize !== subgroupMaxSize) {
    return { units: null, reason: `subgroups have ${subgroupMinSize} to ${subgroupMaxSize} invocations` };
  }
  const verdicts: string[] = [];
  for (const shape of shapes) {
    for (const element of ['vec4<u32>', 'vec4<f16>'] as const) {
      const verdict = await trySubgroupMatrix(device, shape, element);
      if (verdict === 'right') {
        const { m, n, k } = shape;
        return { units: { ...hardware, m, n, k, subgroupSize: subgroupMaxSize, element }, reason: null };
      }
      verdicts.push(`${describeSubgroupMatrix(shape)} in ${element} is ${verdict}`);
    }
  }
  return { units: null, reason: verdicts.join(', ') };
}
