import { createRandom, pick } from '../../tests/fixtures/llm/random.ts';
import { randomModel } from '../../tests/fixtures/llm/random-model.ts';
import { normalisedError } from '../../tests/gpu/reference/compare.ts';
import type { GgmlTypeName } from '../../tests/gpu/reference/dequantise.ts';
import { forward } from '../../tests/gpu/reference/llama-forward.ts';
import { createMemorySource } from '../../worker/byte-source.ts';
import type { MatrixChoice } from '../../worker/messages.ts';
import { loadModel } from '../../worker/llm/index.ts';

export interface ModelCheck {
  readonly format: string;
  readonly matrices: MatrixChoice;
  /** Logits of a whole small model, every kernel of prefill in it, against a float64 forward pass. */
  readonly normalisedError: number;
  readonly limit: number;
  /** The furthest that a token decoded one by one was from the choice of a prefill over all of them. */
  readonly widestDecodeGap: number;
  readonly gapLimit: number;
  readonly isRight: boolean;
}

const limit = 1e-4;
const gapLimit = 0.1;

/** A two-layer model of this type through load, prefill, decode and sampling. */
export async function checkModel(device: GPUDevice, format: string, matrices: MatrixChoice): Promise<ModelCheck> {
  const options = {
    seed: 11,
    layerCount: 2,
    embeddingLength: 256,
    headCount: 8,
    keyValueHeadCount: 2,
    feedForwardLength: 512,
    vocabularySize: 509,
    contextLength: 160,
    isTied: false,
    typeOf: () => format as GgmlTypeName,
  };
  const { bytes, reference } = randomModel(options);
  const model = await loadModel(device, createMemorySource(bytes), { matrices });
  try {
    const random = createRandom(7);
    const tokens = Array.from({ length: 37 }, () => pick(random, options.vocabularySize));
    const found = await model.logits(tokens);
    const expected = forward(reference, tokens).flatMap((row) => [...row]);
    const error = normalisedError(found, expected);

    const sampling = { temperature: 0, seed: 0 };
    const session = await model.openGeneration({ promptTokens: tokens, maxTokens: 24, sampling });
    const { tokens: answer } = await session.next(24);
    session.destroy();
    const { gaps } = await model.replay(tokens, answer, sampling);
    const widestDecodeGap = gaps.reduce((widest, gap) => Math.max(widest, gap), 0);
    const isRight = error <= limit && gaps.length === 24 && widestDecodeGap <= gapLimit;
    return { format, matrices, normalisedError: error, limit, widestDecodeGap, gapLimit, isRight };
  } finally {
    model.destroy();
  }
}
