import { GgufError, quoteName } from '../gguf/gguf-error.ts';
import type { GgufFile } from '../gguf/parse-gguf.ts';

/** Hyperparameters of a `llama` file, checked against what the kernels can do. */
export interface LlamaConfig {
  readonly name: string;
  readonly layerCount: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headLength: number;
  readonly ropeDimensions: number;
  readonly ropeBase: number;
  /** Positions are divided by this (linear rope scaling); 1 without. */
  readonly ropeScale: number;
  readonly normEpsilon: number;
  /** Positions the model was trained for. */
  readonly contextLength: number;
  readonly vocabularySize: number;
}

/** @throws GgufError when a field is missing, out of range, or asks for an unsupported architecture. */
export function readLlamaConfig(file: GgufFile): LlamaConfig {
  const { metadata, tensors } = file;
  const architecture = metadata.text('general.architecture');
  if (architecture !== 'llama') {
    throw new GgufError(
      'UNSUPPORTED_ARCHITECTURE',
      `architecture ${quoteName(architecture)} is not supported, only 'llama'`,
      {
        data: { field: 'general.architecture', value: architecture },
      },
    );
  }
  if (metadata.integer('llama.expert_count', 0, 65_536, 0) > 0) {
    throw unsupported('llama.expert_count', 'mixture-of-experts models are not supported');
  }
  const embeddingLength = metadata.integer('llama.embedding_length', 2, 65_536);
  const headCount = metadata.integer('llama.attention.head_count', 1, 1024);
  const keyValueHeadCount = metadata.integer('llama.attention.head_count_kv', 1, 1024, headCount);
  if (headCount % keyValueHeadCount !== 0) {
    throw invalid(
      'llama.attention.head_count_kv',
      `${headCount} heads are not a multiple of ${keyValueHeadCount} key/value heads`,
    );
  }
  if (!metadata.has('llama.attention.key_length') && embeddingLength % headCount !== 0) {
    throw invalid(
      'llama.attention.head_count',
      `an embedding of ${embeddingLength} does not divide into ${headCount} heads`,
    );
  }
  const headLength = metadata.integer('llama.attention.key_length', 2, 256, Math.floor(embeddingLength / headCount));
  const valueLength = metadata.integer('llama.attention.value_length', 2, 256, headLength);
  if (headLength > 256 || headLength % 2 !== 0 || valueLength !== headLength) {
    throw invalid(
      'llama.attention.key_length',
      `heads of ${headLength} (values ${valueLength}) are not supported: even, at most 256, and equal`,
    );
  }
  const ropeDimensions = metadata.integer('llama.rope.dimension_count', 2, 256, headLength);
  if (ropeDimensions > headLength || ropeDimensions % 2 !== 0) {
    throw invalid('llama.rope.dimension_count', `${ropeDimensions} must be even and at most the head's ${headLength}`);
  }
  const vocabulary = tensors.get('token_embd.weight')?.dimensions[1];
  if (vocabulary === undefined) {
    throw new GgufError('MISSING_TENSOR', "tensor 'token_embd.weight' [embedding, vocabulary] is missing", {
      data: { field: 'token_embd.weight' },
    });
  }
  return {
    name: metadata.text('general.name', 'unnamed'),
    layerCount: metadata.integer('llama.block_count', 1, 1024),
    embeddingLength,
    feedForwardLength: metadata.integer('llama.feed_forward_length', 1, 1_048_576),
    headCount,
    keyValueHeadCount,
    headLength,
    ropeDimensions,
    ropeBase: metadata.float('llama.rope.freq_base', 1, 1e12, 10_000),
    ropeScale: readRopeScale(file),
    normEpsilon: metadata.float('llama.attention.layer_norm_rms_epsilon', 0, 1),
    contextLength: metadata.integer('llama.context_length', 1, 16_777_216),
    vocabularySize: vocabulary,
  };
}

function readRopeScale({ metadata }: GgufFile): number {
  const type = metadata.text('llama.rope.scaling.type', 'none');
  if (type !== 'none' && type !== 'linear') {
    throw unsupported(
      'llama.rope.scaling.type',
      `rope scaling ${quoteName(type)} is not supported, only none and linear`,
    );
  }
  const oldScale = metadata.float('llama.rope.scale_linear', 1e-3, 1e6, 1);
  return type === 'none' && !metadata.has('llama.rope.scale_linear')
    ? 1
    : metadata.float('llama.rope.scaling.factor', 1e-3, 1e6, oldScale);
}

function invalid(field: string, message: string): GgufError {
  return new GgufError('INVALID_VALUE', `${field}: ${message}`, { data: { field } });
}

function unsupported(field: string, message: string): GgufError {
  return new GgufError('UNSUPPORTED_ARCHITECTURE', `${field}: ${message}`, { data: { field } });
}
