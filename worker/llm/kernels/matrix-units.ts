import operations from '../../../shaders/llm/matrix-units.wgsl?raw';
import {
  describeSubgroupMatrix,
  SUBGROUP_MATRIX_FEATURE,
  type SubgroupMatrixElement,
  type SubgroupMatrixShape,
  trySubgroupMatrix,
} from '../../gpu/subgroup-matrix.ts';

/** A workgroup's tile, and the grid of subgroups that shares it. */
export interface SubgroupTile {
  readonly rows: number;
  readonly tokens: number;
  readonly gridRows: number;
  readonly gridTokens: number;
  /** Steps of 32 columns that are on their way from memory while one is multiplied. */
  readonly ahead: 1 | 2;
}

/** For a whole chunk of a prompt, and for a few tokens. */
export interface SubgroupTiles {
  readonly large: SubgroupTile;
  readonly small: SubgroupTile;
}

const SMALL_TILE: SubgroupTile = { rows: 64, tokens: 32, gridRows: 4, gridTokens: 1, ahead: 1 };

/** The first fits the workgroup memory of large cards (44 KiB), the second that of all. */
const TILES = {
  roomy: { large: { rows: 128, tokens: 128, gridRows: 2, gridTokens: 2, ahead: 2 }, small: SMALL_TILE },
  narrow: { large: { rows: 64, tokens: 64, gridRows: 2, gridTokens: 2, ahead: 1 }, small: SMALL_TILE },
} as const satisfies Record<string, SubgroupTiles>;
const ROOMY_BYTES = 45_056;

/** Matrix units as a kernel uses them: fragments of m rows, n tokens and k columns, f16 operands and f32 sums. */
export interface MatrixUnits {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly subgroupSize: number;
  readonly tiles: SubgroupTiles;
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

/** Those of NVIDIA's cards since Volta, untried. */
export const NVIDIA_UNITS: MatrixUnits = {
  ...hardware,
  m: 16,
  n: 16,
  k: 16,
  subgroupSize: 32,
  tiles: TILES.roomy,
  element: 'vec4<u32>',
};

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
  const tiles = device.limits.maxComputeWorkgroupStorageSize >= ROOMY_BYTES ? TILES.roomy : TILES.narrow;
  const verdicts: string[] = [];
  for (const shape of shapes) {
    for (const element of ['vec4<u32>', 'vec4<f16>'] as const) {
      const verdict = await trySubgroupMatrix(device, shape, element);
      if (verdict === 'right') {
        const { m, n, k } = shape;
        return { units: { ...hardware, m, n, k, subgroupSize: subgroupMaxSize, tiles, element }, reason: null };
      }
      verdicts.push(`${describeSubgroupMatrix(shape)} in ${element} is ${verdict}`);
    }
  }
  return { units: null, reason: verdicts.join(', ') };
}
