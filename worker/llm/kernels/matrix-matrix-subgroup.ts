import code from '../../../shaders/llm/matrix-matrix-subgroup.wgsl?raw';
import { composeWithWeights, type WeightFormat } from '../formats/weight-format.ts';
import { fillLines } from './fill-lines.ts';
import { createHalfInput } from './half-input.ts';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';
import type { BatchMatrixKernelOptions } from './matrix-options.ts';
import { createMatrixParts } from './matrix-parts.ts';
import { createMatrixShape, matrixResultCode } from './matrix-result.ts';
import type { MatrixUnits, SubgroupTile } from './matrix-units.ts';

/** Tokens up to which the small tile is taken. */
const SMALL_TOKENS = 32;

/** Memory that all matrices of a batch use one after the other. */
export interface MatrixWorkspace {
  /** Tokens of the largest batch. */
  readonly chunkTokens: number;
  /** [chunk][columns of the widest matrix, padded to 32] float16. */
  readonly halves: GPUBuffer;
  /** [chunk] float32. */
  readonly factors: GPUBuffer;
  /** [part][chunk][rows] float32, for the matrix that needs most of it; see partNumbers. */
  readonly parts: GPUBuffer;
}

export interface SubgroupMatrixOptions extends BatchMatrixKernelOptions {
  readonly units: MatrixUnits;
  readonly workspace: MatrixWorkspace;
}

/** Workgroups that a chunk should have at least: two for each core of a large card. */
const WANTED_GROUPS = 256;
const WANTED_TILE_ROWS = 128;
const WANTED_CHUNK_TILES = 4;
/** A part has 512 columns at least, and there are at most eight. */
const PART_BLOCKS = 16;
const MOST_PARTS = 8;

/** How many parts the columns of a matrix are cut into. Its shape alone decides, so that a token's numbers are the same in every batch. */
export function columnParts(rows: number, blocks: number): { count: number; blocks: number } {
  const groups = Math.ceil(rows / WANTED_TILE_ROWS) * WANTED_CHUNK_TILES;
  const wanted = Math.min(MOST_PARTS, Math.floor(WANTED_GROUPS / groups), Math.floor(blocks / PART_BLOCKS));
  const partBlocks = Math.ceil(blocks / Math.max(1, wanted));
  return { count: Math.ceil(blocks / partBlocks), blocks: partBlocks };
}

/** Numbers of workspace.parts that a matrix of this shape needs. */
export function partNumbers(rows: number, blocks: number, chunkTokens: number): number {
  const { count } = columnParts(rows, blocks);
  return count === 1 ? 0 : count * chunkTokens * rows;
}

/** Matrix times a batch of tokens on the adapter's matrix units: inputs to half precision, products, and the sum of parts where there are any. */
export async function createMatrixMatrixSubgroup(
  cache: PipelineCache,
  options: SubgroupMatrixOptions,
): Promise<Kernel> {
  const { device } = cache;
  const { matrix, workspace, units, output, batch, normalisation } = options;
  const { tiles } = units;
  const label = `llm.matrix-matrix.${matrix.label}`;
  const compile = (tile: SubgroupTile) => cache.get({ label, code: subgroupCode(matrix.format, units, tile) });
  const [large, small, prepare] = await Promise.all([
    compile(tiles.large),
    compile(tiles.small),
    createHalfInput(cache, {
      columns: matrix.columns,
      input: options.input,
      halves: workspace.halves,
      factors: workspace.factors,
      ...(normalisation === undefined ? {} : { normalisation }),
    }),
  ]);
  const slices = await Promise.all(
    matrix.slices.map(async (slice) => {
      const { count, blocks } = columnParts(slice.rowCount, matrix.blocks);
      const parts = { count, blocks, stride: workspace.chunkTokens * slice.rowCount };
      const shape = createMatrixShape(device, label, options, slice, parts);
      const destination = count === 1 ? output : workspace.parts;
      const { halves, factors } = workspace;
      const buffers = [shape, halves, factors, destination, slice.data, slice.scales, batch];
      const addUp =
        count === 1
          ? undefined
          : await createMatrixParts(cache, {
              label: matrix.label,
              rowCount: slice.rowCount,
              shape,
              parts: workspace.parts,
              factors,
              output,
              batch,
            });
      return {
        shape,
        rowCount: slice.rowCount,
        count,
        addUp,
        large: createBindGroup(device, label, large, buffers),
        small: createBindGroup(device, label, small, buffers),
      };
    }),
  );
  return {
    label,
    dispatchCount: slices.reduce(
      (sum, { addUp }) => sum + (addUp === undefined ? 1 : 2),
      options.isInputReady === true ? 0 : 1,
    ),
    run(pass, tokenCount) {
      if (options.isInputReady !== true) prepare.run(pass, tokenCount);
      const isSmall = tokenCount <= SMALL_TOKENS;
      const tile = isSmall ? tiles.small : tiles.large;
      for (const slice of slices) {
        pass.setPipeline(isSmall ? small : large);
        pass.setBindGroup(0, isSmall ? slice.small : slice.large);
        pass.dispatchWorkgroups(
          Math.ceil(slice.rowCount / tile.rows),
          Math.ceil(tokenCount / tile.tokens),
          slice.count,
        );
        slice.addUp?.(pass, tokenCount);
      }
    },
    destroy() {
      prepare.destroy();
      for (const { shape } of slices) shape.destroy();
    },
  };
}

/** Halves that rows of a tile lie apart. */
const STRIDE_HALVES = 40;

/** The whole shader for one weight type, kind of units and tile. */
export function subgroupCode(format: WeightFormat, units: MatrixUnits, tile: SubgroupTile): string {
  const { m, n, k, subgroupSize } = units;
  const subgroups = tile.gridRows * tile.gridTokens;
  const threads = subgroups * subgroupSize;
  const rowFragments = tile.rows / tile.gridRows / m;
  const tokenFragments = tile.tokens / tile.gridTokens / n;
  const unitVectors = 8 / format.unitsPerBlock;
  const octets = Math.max(1, unitVectors / 2);
  const constants = {
    TILE_ROWS: tile.rows,
    TILE_TOKENS: tile.tokens,
    TILE_STRIDE: units.element === 'vec4<u32>' ? STRIDE_HALVES / 8 : STRIDE_HALVES / 4,
    SUBGROUP_SIZE: subgroupSize,
    SUBGROUPS: subgroups,
    THREADS: threads,
    GRID_TOKENS: tile.gridTokens,
    SUBGROUP_ROWS: rowFragments,
    SUBGROUP_TOKENS: tokenFragments,
    FRAGMENT_ROWS: m,
    FRAGMENT_TOKENS: n,
    FRAGMENT_COLUMNS: k,
    RESULT_VECTORS: (m * n) / 4,
    LOAD_OCTETS: octets,
  };
  const inputLoads = spread('input', tile.tokens * 4, threads);
  const weightLoads = spread('weights', (tile.rows * 4) / octets, threads);
  const lines = {
    parameter: [units.parameter],
    subgroup: [`let subgroup = ${units.subgroup};`],
    declare: grid(rowFragments, tokenFragments, (row, token) => `var sum${row}_${token}: Sum;`),
    fetch: [
      ...inputLoads.map(({ name, place }) => `let ${name} = fetchInput(${place}, tokenBase, block);`),
      ...weightLoads.map(({ name, place }) => `let ${name} = fetchWeights(${place}, rowBase, block);`),
    ],
    put: [
      ...inputLoads.map(({ name, place, guard }) => `${guard}{ putInputs(${place}, half, ${name}); }`),
      ...weightLoads.map(({ name, place, guard }) => `${guard}{ putWeights(${place}, half, ${name}); }`),
    ],
    multiply: multiplyLines(units, rowFragments, tokenFragments),
    store: grid(
      rowFragments,
      tokenFragments,
      (row, token) => `case ${row * tokenFragments + token}u: { storeSum(slot, sum${row}_${token}); }`,
    ),
  };
  const declared = Object.entries(constants).map(([name, value]) => `const ${name} = ${value}u;`);
  const text = [
    declared.join('\n'),
    elementCode[units.element],
    unitVectors === 1 ? loadPairCode : loadUnitCode,
    units.operations,
    matrixResultCode,
    fillLines(code, lines),
  ].join('\n');
  return units.enables + composeWithWeights(text, [{ prefix: 'weight', format, firstBinding: 4 }]);
}

const elementCode = {
  'vec4<u32>': `alias TileElement = vec4<u32>;
fn putInput(octet: u32, bits: vec4<u32>) { inputTile[octet] = bits; }
fn putWeight(octet: u32, bits: vec4<u32>) { weightTile[octet] = bits; }`,
  'vec4<f16>': `alias TileElement = vec4<f16>;
fn putInput(octet: u32, bits: vec4<u32>) {
  inputTile[octet * 2u] = bitcast<vec4<f16>>(bits.xy);
  inputTile[octet * 2u + 1u] = bitcast<vec4<f16>>(bits.zw);
}
fn putWeight(octet: u32, bits: vec4<u32>) {
  weightTile[octet * 2u] = bitcast<vec4<f16>>(bits.xy);
  weightTile[octet * 2u + 1u] = bitcast<vec4<f16>>(bits.zw);
}`,
} as const;

/** A unit is eight columns or more. */
const loadUnitCode = `fn loadOctets(row: u32, block: u32, part: u32) -> array<vec4<u32>, LOAD_OCTETS> {
  let unit = weightLoad(row, block * (8u / WEIGHT_UNIT_VECTORS) + part, shape.blocks);
  var octets: array<vec4<u32>, LOAD_OCTETS>;
  for (var i = 0u; i < LOAD_OCTETS; i++) {
    octets[i] = toHalves(unit[2u * i], unit[2u * i + 1u]);
  }
  return octets;
}`;

/** A unit is four columns. */
const loadPairCode = `fn loadOctets(row: u32, block: u32, part: u32) -> array<vec4<u32>, LOAD_OCTETS> {
  let first = block * 8u + part * 2u;
  let low = weightLoad(row, first, shape.blocks);
  let high = weightLoad(row, first + 1u, shape.blocks);
  return array<vec4<u32>, LOAD_OCTETS>(toHalves(low[0], high[0]));
}`;

/** Loads of `count` items by `threads`: a name each, the item, and a condition where not every thread has one. */
function spread(prefix: string, count: number, threads: number): { name: string; place: string; guard: string }[] {
  return Array.from({ length: Math.ceil(count / threads) }, (_, step) => ({
    name: `${prefix}${step}`,
    place: `index + ${step * threads}u`,
    guard: (step + 1) * threads > count ? `if (index + ${step * threads}u < ${count}u) ` : '',
  }));
}

function multiplyLines(units: MatrixUnits, rowFragments: number, tokenFragments: number): string[] {
  const { m, n, k } = units;
  const lines: string[] = [];
  for (let column = 0; column < 32; column += k) {
    const shift = `${column / (units.element === 'vec4<u32>' ? 8 : 4)}u`;
    for (let row = 0; row < rowFragments; row++) {
      lines.push(`let left${column}_${row} = loadLeft(weightPlace + ${row * m}u * TILE_STRIDE + ${shift});`);
    }
    for (let token = 0; token < tokenFragments; token++) {
      lines.push(`let right${column}_${token} = loadRight(inputPlace + ${token * n}u * TILE_STRIDE + ${shift});`);
      for (let row = 0; row < rowFragments; row++) {
        const sum = `sum${row}_${token}`;
        lines.push(`${sum} = multiplyAdd(left${column}_${row}, right${column}_${token}, ${sum});`);
      }
    }
  }
  return lines;
}

function grid(rows: number, columns: number, line: (row: number, column: number) => string): string[] {
  return Array.from({ length: rows * columns }, (_, index) => line(Math.floor(index / columns), index % columns));
}
