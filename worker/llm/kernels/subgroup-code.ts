import { composeWithWeights, type WeightFormat } from '../formats/weight-format.ts';
import { fillLines } from './fill-lines.ts';
import { matrixResultCode } from './matrix-result.ts';
import type { MatrixUnits, SubgroupTile } from './matrix-units.ts';

/** Halves that rows of a tile lie apart. */
const STRIDE_HALVES = 40;

/** The whole shader (`code` is matrix-matrix-subgroup.wgsl) for one weight type, kind of units and tile. */
export function subgroupCode(code: string, format: WeightFormat, units: MatrixUnits, tile: SubgroupTile): string {
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
    GRID_ROWS: tile.gridRows,
    GRID_TOKENS: tile.gridTokens,
    STRIP_ROWS: tile.rows / tile.gridRows,
    STRIP_TOKENS: tile.tokens / tile.gridTokens,
    SUBGROUP_ROWS: rowFragments,
    SUBGROUP_TOKENS: tokenFragments,
    FRAGMENT_ROWS: m,
    FRAGMENT_TOKENS: n,
    FRAGMENT_COLUMNS: k,
    RESULT_VECTORS: (m * n) / 4,
    LOAD_OCTETS: octets,
    LOADS_PER_ROW: 4 / octets,
  };
  const loads = [
    ...spread(tile.tokens * 4, threads).map((load, step) => ({ ...load, name: `input${step}`, of: 'input' as const })),
    ...spread((tile.rows * 4) / octets, threads).map((load, step) => ({
      ...load,
      name: `weights${step}`,
      of: 'weights' as const,
    })),
  ];
  /** Of block `block` into registers of a set. */
  const fetch = (set: number, block: string) => [
    `block${set} = min(${block}, endBlock - 1u);`,
    ...loads.map(({ name, place, of }) =>
      of === 'input'
        ? `${name}_${set} = fetchInput(${place}, tokenBase, block${set});`
        : `${name}_${set} = fetchWeights(${place}, rowBase, block${set});`,
    ),
  ];
  const put = (set: number, half: number) =>
    loads.map(({ name, place, guard, of }) =>
      of === 'input'
        ? `${guard}{ putInputs(${place}, ${half}u, ${name}_${set}); }`
        : `${guard}{ putWeights(${place}, ${half}u, block${set}, ${name}_${set}); }`,
    );
  const multiply = (half: number) => multiplyLines(units, tile, half);
  const sets = Array.from({ length: tile.ahead }, (_, set) => set);
  const other = tile.ahead - 1;
  // The last times round they fetch what nobody reads, so that there is no branch.
  const lines = {
    parameter: [units.parameter],
    subgroup: [`let subgroup = ${units.subgroup};`],
    declare: [
      ...sets.flatMap((set) => [
        `var block${set}: u32;`,
        ...loads.map(({ name, of }) => `var ${name}_${set}: ${of === 'input' ? 'vec4<u32>' : 'FetchedWeights'};`),
      ]),
      ...grid(rowFragments, tokenFragments, (row, token) => `var sum${row}_${token}: Sum;`),
    ],
    begin: [...fetch(0, 'firstBlock'), ...put(0, 0), ...(tile.ahead === 2 ? fetch(1, 'firstBlock + 1u') : [])],
    odd: [...fetch(0, tile.ahead === 2 ? 'next + 1u' : 'next'), ...multiply(0), ...put(other, 1)],
    even: [...fetch(other, tile.ahead === 2 ? 'next + 2u' : 'next + 1u'), ...multiply(1), ...put(0, 0)],
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
fn putInput(strip: u32, octet: u32, bits: vec4<u32>) { inputTile[strip][octet] = bits; }
fn putWeight(strip: u32, octet: u32, bits: vec4<u32>) { weightTile[strip][octet] = bits; }`,
  'vec4<f16>': `alias TileElement = vec4<f16>;
fn putInput(strip: u32, octet: u32, bits: vec4<u32>) {
  inputTile[strip][octet * 2u] = bitcast<vec4<f16>>(bits.xy);
  inputTile[strip][octet * 2u + 1u] = bitcast<vec4<f16>>(bits.zw);
}
fn putWeight(strip: u32, octet: u32, bits: vec4<u32>) {
  weightTile[strip][octet * 2u] = bitcast<vec4<f16>>(bits.xy);
  weightTile[strip][octet * 2u + 1u] = bitcast<vec4<f16>>(bits.zw);
}`,
} as const;

/** A unit is eight columns or more. */
const loadUnitCode = `alias FetchedWeights = WeightRaw;
const BLOCK_UNITS = 8u / WEIGHT_UNIT_VECTORS;
fn fetchOctets(row: u32, block: u32, part: u32) -> FetchedWeights {
  return weightFetch(row, block * BLOCK_UNITS + part, shape.blocks);
}
fn decodeOctets(fetched: FetchedWeights, block: u32, part: u32) -> array<vec4<u32>, LOAD_OCTETS> {
  let unit = weightValues(weightDecode(fetched, block * BLOCK_UNITS + part));
  var octets: array<vec4<u32>, LOAD_OCTETS>;
  for (var i = 0u; i < LOAD_OCTETS; i++) {
    octets[i] = toHalves(unit[2u * i], unit[2u * i + 1u]);
  }
  return octets;
}`;

/** A unit is four columns. */
const loadPairCode = `struct FetchedWeights {
  low: WeightRaw,
  high: WeightRaw,
}
fn fetchOctets(row: u32, block: u32, part: u32) -> FetchedWeights {
  let unit = block * 8u + part * 2u;
  return FetchedWeights(weightFetch(row, unit, shape.blocks), weightFetch(row, unit + 1u, shape.blocks));
}
fn decodeOctets(fetched: FetchedWeights, block: u32, part: u32) -> array<vec4<u32>, LOAD_OCTETS> {
  let unit = block * 8u + part * 2u;
  let low = weightValues(weightDecode(fetched.low, unit));
  let high = weightValues(weightDecode(fetched.high, unit + 1u));
  return array<vec4<u32>, LOAD_OCTETS>(toHalves(low[0], high[0]));
}`;

/** Loads of `count` items by `threads`: the item of each, and a condition where not every thread has one. */
function spread(count: number, threads: number): { place: string; guard: string }[] {
  return Array.from({ length: Math.ceil(count / threads) }, (_, step) => ({
    place: `index + ${step * threads}u`,
    guard: (step + 1) * threads > count ? `if (index + ${step * threads}u < ${count}u) ` : '',
  }));
}

/** 32 columns, from one half of the tiles. */
function multiplyLines(units: MatrixUnits, tile: SubgroupTile, half: number): string[] {
  const { m, n, k } = units;
  const rowFragments = tile.rows / tile.gridRows / m;
  const tokenFragments = tile.tokens / tile.gridTokens / n;
  const elementHalves = units.element === 'vec4<u32>' ? 8 : 4;
  const place = (fragment: number, column: number) => `${(fragment * STRIDE_HALVES + column) / elementHalves}u`;
  const rowStrip = `${half * tile.gridRows}u + stripRow`;
  const tokenStrip = `${half * tile.gridTokens}u + stripToken`;
  const lines: string[] = [];
  for (let column = 0; column < 32; column += k) {
    const left = (row: number) => `left${half}_${column}_${row}`;
    for (let row = 0; row < rowFragments; row++) {
      lines.push(`let ${left(row)} = loadLeft(${rowStrip}, ${place(row * m, column)});`);
    }
    for (let token = 0; token < tokenFragments; token++) {
      const right = `right${half}_${column}_${token}`;
      lines.push(`let ${right} = loadRight(${tokenStrip}, ${place(token * n, column)});`);
      for (let row = 0; row < rowFragments; row++) {
        lines.push(`sum${row}_${token} = multiplyAdd(${left(row)}, ${right}, sum${row}_${token});`);
      }
    }
  }
  return lines;
}

function grid(rows: number, columns: number, line: (row: number, column: number) => string): string[] {
  return Array.from({ length: rows * columns }, (_, index) => line(Math.floor(index / columns), index % columns));
}
