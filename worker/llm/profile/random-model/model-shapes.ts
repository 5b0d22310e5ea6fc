/** Hyperparameters of a llama file; the names are those of the GGUF fields. */
export interface ModelShape {
  readonly name: string;
  readonly vocabularySize: number;
  readonly embeddingLength: number;
  readonly layerCount: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly feedForwardLength: number;
  readonly contextLength: number;
  /** The head is the embedding table. */
  readonly isTied: boolean;
}

/** The shapes that benchmarks speak of. `1b` and `8b` have the dimensions of the public Llama 3 models of that size. */
export const modelShapes: readonly ModelShape[] = [
  shape('tiny', [1024, 256, 2, 4, 2, 512], 2048, true),
  shape('small', [4096, 512, 6, 8, 2, 1536], 8192, true),
  shape('135m', [49152, 576, 30, 9, 3, 1536], 8192, true),
  shape('1b', [128256, 2048, 16, 32, 8, 8192], 131072, true),
  shape('3b', [128256, 3072, 28, 24, 8, 8192], 131072, true),
  shape('8b', [128256, 4096, 32, 32, 8, 14336], 131072, false),
];

/** @throws RangeError naming the shapes there are. */
export function findModelShape(name: string): ModelShape {
  const found = modelShapes.find((candidate) => candidate.name === name);
  if (found !== undefined) return found;
  throw new RangeError(`no shape ${name}: there are ${modelShapes.map((each) => each.name).join(', ')}`);
}

function shape(
  name: string,
  dimensions: readonly [number, number, number, number, number, number],
  contextLength: number,
  isTied: boolean,
): ModelShape {
  const [vocabularySize, embeddingLength, layerCount, headCount, keyValueHeadCount, feedForwardLength] = dimensions;
  return {
    name,
    vocabularySize,
    embeddingLength,
    layerCount,
    headCount,
    keyValueHeadCount,
    feedForwardLength,
    contextLength,
    isTied,
  };
}
