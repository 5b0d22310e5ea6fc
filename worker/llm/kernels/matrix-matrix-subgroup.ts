import code from '../../../shaders/llm/matrix-matrix-subgroup.wgsl?raw';
import { createHalfInput } from './half-input.ts';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';
import type { BatchMatrixKernelOptions } from './matrix-options.ts';
import { createMatrixParts } from './matrix-parts.ts';
import { createMatrixShape } from './matrix-result.ts';
import type { MatrixUnits, SubgroupTile } from './matrix-units.ts';
import { subgroupCode } from './subgroup-code.ts';

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
  const compile = (tile: SubgroupTile) => cache.get({ label, code: subgroupCode(code, matrix.format, units, tile) });
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
