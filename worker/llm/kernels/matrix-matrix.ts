import code from '../../../shaders/llm/matrix-matrix.wgsl?raw';
import { composeWithWeights, type WeightFormat } from '../formats/weight-format.ts';
import { chooseMatrixTile } from './choose-matrix-tile.ts';
import { fillLines } from './fill-lines.ts';
import { createBindGroup, type Kernel, type PipelineCache } from './kernel.ts';
import type { BatchMatrixKernelOptions } from './matrix-options.ts';
import { createMatrixShape, matrixResultCode } from './matrix-result.ts';

/** Rows and tokens of a workgroup's tile: for a few tokens, and (unless the small one is measured to be faster) for many. */
const TILES = { small: 32, large: 64 } as const;

/** What weights are held as between the matrix and the sum, which is always of f32. */
export type WeightPrecision = 'f32' | 'f16';

/** Matrix times a batch of tokens (prefill), with optional RMSNorm before and residual after; one dispatch per slice. f16 needs shader-f16. */
export async function createMatrixMatrix(
  cache: PipelineCache,
  options: BatchMatrixKernelOptions,
  precision: WeightPrecision = 'f32',
): Promise<Kernel> {
  const { device } = cache;
  const { matrix, input, output, normalisation } = options;
  const label = `llm.matrix-matrix.${matrix.label}`;
  const codes = {
    small: tiledCode(matrix.format, TILES.small, precision),
    large: tiledCode(matrix.format, TILES.large, precision),
  };
  const [small, large] = await Promise.all([
    cache.get({ label, code: codes.small }),
    cache.get({ label, code: codes.large }),
  ]);
  const many = await chooseMatrixTile(device, options, {
    sizes: [
      { name: 'large', tile: TILES.large, pipeline: large },
      { name: 'small', tile: TILES.small, pipeline: small },
    ],
    shaderCode: codes.large,
  });
  const slices = matrix.slices.map((slice) => {
    const shape = createMatrixShape(device, label, options, slice);
    const buffers = [shape, input, normalisation?.gain ?? input, output, slice.data, slice.scales, options.batch];
    return {
      shape,
      rowCount: slice.rowCount,
      small: createBindGroup(device, label, small, buffers),
      large: createBindGroup(device, label, large, buffers),
    };
  });
  return {
    label,
    dispatchCount: slices.length,
    run(pass, tokenCount) {
      const size = tokenCount <= TILES.small ? 'small' : many;
      pass.setPipeline(size === 'small' ? small : large);
      for (const slice of slices) {
        pass.setBindGroup(0, slice[size]);
        pass.dispatchWorkgroups(Math.ceil(slice.rowCount / TILES[size]), Math.ceil(tokenCount / TILES[size]));
      }
    },
    destroy() {
      for (const { shape } of slices) shape.destroy();
    },
  };
}

function tiledCode(format: WeightFormat, tile: number, precision: WeightPrecision): string {
  const own = tile / 32;
  const quads = Array.from({ length: own }, (_, index) => index);
  const sums = quads.flatMap((tokenQuad) =>
    ['x', 'y', 'z', 'w'].flatMap((token) => quads.map((rowQuad) => ({ tokenQuad, token, rowQuad }))),
  );
  const nameOf = (sum: (typeof sums)[number]) => `sum${sum.tokenQuad}${sum.token}${sum.rowQuad}`;
  const wide = precision === 'f32' ? '' : 'vec4<f32>';
  const lines = {
    declare: [
      ...quads.map((quad) => `var squares${quad} = vec4<f32>(0.0);`),
      ...sums.map((sum) => `var ${nameOf(sum)} = vec4<f32>(0.0);`),
    ],
    load: quads.map((quad) => `squares${quad} += loadInputs(index + ${quad * 64}u, tokenBase, block);`),
    multiply: [
      ...quads.map((quad) => `let weights${quad} = ${wide}(weightTile[column * TILE_QUADS + rowQuad + ${quad * 8}u]);`),
      ...quads.map((quad) => `let inputs${quad} = inputTile[column * TILE_QUADS + tokenQuad + ${quad * 8}u];`),
      ...sums.map((sum) => `${nameOf(sum)} += weights${sum.rowQuad} * inputs${sum.tokenQuad}.${sum.token};`),
    ],
    squares: quads.map((quad) => `inputTile[index + ${quad * 64}u] = squares${quad};`),
    results: [`var results = array<vec4<f32>, OWN_SUMS>(${sums.map(nameOf).join(', ')});`],
  };
  const text = [
    `const TILE_QUADS = ${tile / 4}u;`,
    `const UNITS_PER_BLOCK = ${format.unitsPerBlock}u;`,
    precisionCode[precision],
    matrixResultCode,
    fillLines(code, lines),
  ].join('\n');
  const composed = composeWithWeights(text, [{ prefix: 'weight', format, firstBinding: 4 }]);
  return precision === 'f32' ? composed : `enable f16;\n${composed}`;
}

const precisionCode = {
  f32: `alias WeightVector = vec4<f32>;
fn toWeightVector(vector: vec4<f32>) -> WeightVector { return vector; }`,
  f16: `alias WeightVector = vec4<f16>;
fn toWeightVector(vector: vec4<f32>) -> WeightVector {
  return WeightVector(clamp(vector, vec4<f32>(-65504.0), vec4<f32>(65504.0)));
}`,
} as const;
