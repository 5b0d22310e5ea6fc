import type { LlamaWeights } from './llama-weights.ts';
import { cutMatrix, type WeightMatrix } from './weight-matrix.ts';

/** The same weights in slices of at most `mostWeights`; see `cutMatrix`. The embedding stays: only its rows of the batch are read. */
export function cutWeights(weights: LlamaWeights, mostWeights: number): LlamaWeights {
  const cut = (matrix: WeightMatrix) => cutMatrix(matrix, mostWeights);
  return {
    ...weights,
    head: cut(weights.head),
    layers: weights.layers.map((layer) => ({
      ...layer,
      projections: layer.projections.map(({ matrix, outputOffset }) => ({ matrix: cut(matrix), outputOffset })),
      attentionOutput: cut(layer.attentionOutput),
      gate: cut(layer.gate),
      up: cut(layer.up),
      down: cut(layer.down),
    })),
    destroy() {},
  };
}

/** Weights that each dispatch multiplies by: of a chunk of a prompt, whose logits nobody wants; or of a decoded step, where gate and up are one. */
export function dispatchWeights(weights: LlamaWeights, kind: 'prompt' | 'step'): number[] {
  const layers = weights.layers.flatMap(({ projections, attentionOutput, gate, up, down }) => {
    const [gates, ups] = [weightsOfSlices(gate), weightsOfSlices(up)];
    const both = kind === 'prompt' ? [...gates, ...ups] : gates.map((size, index) => size + (ups[index] ?? 0));
    return [
      ...projections.flatMap(({ matrix }) => weightsOfSlices(matrix)),
      ...weightsOfSlices(attentionOutput),
      ...both,
      ...weightsOfSlices(down),
    ];
  });
  return kind === 'prompt' ? layers : [...layers, ...weightsOfSlices(weights.head)];
}

/** Multiply-adds of a token's scores and values against one position, in all layers, for each of its multiply-adds with weights. */
export function attentionPerPosition(
  weights: LlamaWeights,
  { headCount, headLength }: { readonly headCount: number; readonly headLength: number },
): number {
  const total = dispatchWeights(weights, 'prompt').reduce((sum, size) => sum + size, 0);
  return (weights.layers.length * headCount * headLength * 2) / total;
}

function weightsOfSlices({ slices, columns }: WeightMatrix): number[] {
  return slices.map(({ rowCount }) => rowCount * columns);
}
