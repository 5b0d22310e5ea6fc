import { readFileSync } from 'node:fs';
import type { MatrixUnits, SubgroupTile } from '../../../worker/llm/kernels/matrix-units.ts';

const operations = readFileSync(new URL('./emulated-matrix-units.wgsl', import.meta.url), 'utf8');

export function tile(
  rows: number,
  tokens: number,
  gridRows: number,
  gridTokens: number,
  ahead: 1 | 2 = 1,
): SubgroupTile {
  return { rows, tokens, gridRows, gridTokens, ahead };
}

/** Matrix units of this shape in plain code: everything but the four operations is the kernel's own. Compiles in seconds on SwiftShader. */
export function emulatedUnits(
  [m, n, k]: readonly [number, number, number],
  tiles: { readonly large: SubgroupTile; readonly small: SubgroupTile },
): MatrixUnits {
  return {
    tiles,
    m,
    n,
    k,
    subgroupSize: (m * n) / 4,
    element: 'vec4<u32>',
    enables: '',
    parameter: '',
    subgroup: 'emulatedSubgroup(index)',
    operations,
  };
}
