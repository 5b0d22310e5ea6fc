import { errorText } from '../../../protocol/errors.ts';
import { createStorageBuffer, readBuffer, uploadStorageBuffer } from '../../gpu/buffers.ts';
import { F32 } from '../formats/f32.ts';
import { createShapeBuffer, pipelineCacheOf } from './kernel.ts';
import { createMatrixMatrixSubgroup, partNumbers } from './matrix-matrix-subgroup.ts';
import type { MatrixUnits } from './matrix-units.ts';

/** Columns for two parts. */
const BLOCKS = 33;
const COLUMNS = BLOCKS * 32;

/**
 * Runs the kernel for matrix units over small whole numbers, which half precision holds exactly, in both sizes of tiles.
 *
 * @returns null when every number is right, else what is wrong.
 */
export async function checkSubgroupKernel(device: GPUDevice, units: MatrixUnits): Promise<string | null> {
  const { large } = units.tiles;
  // More than one tile of either.
  const rows = large.rows + 2;
  const tokenCounts = [large.tokens + 2, 5];
  const chunkTokens = 2 * large.tokens;
  const owned: { destroy(): void }[] = [];
  const own = <Item extends { destroy(): void }>(item: Item): Item => {
    owned.push(item);
    return item;
  };
  const storage = (label: string, numbers: number) =>
    own(createStorageBuffer(device, `llm.check.${label}`, numbers * 4));
  const weights = Float32Array.from({ length: rows * COLUMNS }, (_, index) => ((index * 7) % 11) - 5);
  const inputs = Float32Array.from({ length: chunkTokens * COLUMNS }, (_, index) => ((index * 5) % 13) - 6);
  try {
    const output = storage('output', chunkTokens * rows);
    const batch = own(createShapeBuffer(device, 'llm.check.batch', [0]));
    const data = own(uploadStorageBuffer(device, 'llm.check.weights', weights));
    const kernel = own(
      await createMatrixMatrixSubgroup(pipelineCacheOf(device), {
        matrix: {
          label: 'check',
          format: F32,
          rows,
          columns: COLUMNS,
          blocks: BLOCKS,
          slices: [{ firstRow: 0, rowCount: rows, data, scales: undefined }],
          sizeBytes: data.size,
          destroy() {},
        },
        units,
        workspace: {
          chunkTokens,
          halves: storage('halves', chunkTokens * BLOCKS * 16),
          factors: storage('factors', chunkTokens),
          parts: storage('parts', partNumbers(rows, BLOCKS, chunkTokens)),
        },
        input: own(uploadStorageBuffer(device, 'llm.check.inputs', inputs)),
        output,
        outputOffset: 0,
        outputStride: rows,
        combine: 'replace',
        batch,
      }),
    );
    for (const tokens of tokenCounts) {
      device.queue.writeBuffer(batch, 0, new Uint32Array([tokens]));
      device.pushErrorScope('validation');
      const encoder = device.createCommandEncoder({ label: 'llm.check' });
      const pass = encoder.beginComputePass({ label: 'llm.check' });
      kernel.run(pass, tokens);
      pass.end();
      device.queue.submit([encoder.finish()]);
      const error = await device.popErrorScope();
      if (error !== null) return `the kernel for matrix units does not run: ${error.message}`;
      const found = new Float32Array(await readBuffer(device, output, tokens * rows * 4));
      const wrong = findWrong(found, weights, inputs, { rows, tokens });
      if (wrong !== null) return `the kernel for matrix units is wrong for ${tokens} tokens: ${wrong}`;
    }
    return null;
  } catch (error) {
    return `the kernel for matrix units does not run: ${errorText(error)}`;
  } finally {
    for (const item of owned) item.destroy();
  }
}

function findWrong(
  found: Float32Array,
  weights: Float32Array,
  inputs: Float32Array,
  { rows, tokens }: { rows: number; tokens: number },
): string | null {
  for (let token = 0; token < tokens; token++) {
    for (let row = 0; row < rows; row++) {
      let sum = 0;
      for (let column = 0; column < COLUMNS; column++) {
        sum += (weights[row * COLUMNS + column] ?? 0) * (inputs[token * COLUMNS + column] ?? 0);
      }
      const value = found[token * rows + row];
      if (value !== sum) return `row ${row} of token ${token} is ${value} and not ${sum}`;
    }
  }
  return null;
}
