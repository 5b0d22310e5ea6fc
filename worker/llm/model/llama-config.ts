import { GgufError, quoteName } from '../gguf/gguf-error.ts';
import type { GgufMetadata } from '../gguf/metadata.ts';
import type { GgufFile } from '../gguf/parse-gguf.ts';
import type { Architecture, Variation } from './architectures/architecture.ts';
import { SUPPORTED_ARCHITECTURES } from './architectures/supported-architectures.ts';
import { readRopeScaling, type RopeScaling } from './rope-scaling.ts';

/** Hyperparameters of a file, checked against what the kernels can do. */
export interface LlamaConfig {
  readonly name: string;
  readonly architecture: Architecture;
  readonly variation: Variation;
  readonly layerCount: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly headCount: number;
  readonly keyValueHeadCount: number;
  readonly headLength: number;
  readonly ropeDimensions: number;
  readonly ropeBase: number;
  readonly ropeScaling: RopeScaling;
  readonly normEpsilon: number;
  /** Positions the model was trained for. */
  readonly contextLength: number;
  readonly vocabularySize: number;
}

/** @throws GgufError when a field is missing, out of range, or asks for an unsupported architecture. */
export function readLlamaConfig(file: GgufFile): LlamaConfig {
  const { metadata, tensors } = file;
  const architecture = readArchitecture(metadata);
  const field = (key: string) => `${architecture.name}.${key}`;
  const embeddingLength = metadata.integer(field('embedding_length'), 2, 65_536);
  const layerCount = metadata.integer(field('block_count'), 1, 1024);
  const heads = readHeads(metadata, architecture.name, embeddingLength);
  const { headCount, headLength } = heads;
  const ropeDimensions = metadata.integer(field('rope.dimension_count'), 2, 256, headLength);
  if (ropeDimensions > headLength || ropeDimensions % 2 !== 0) {
    throw invalid(field('rope.dimension_count'), `${ropeDimensions} must be even and at most the head's ${headLength}`);
  }
  const vocabulary = tensors.get('token_embd.weight')?.dimensions[1];
  if (vocabulary === undefined) {
    throw new GgufError('MISSING_TENSOR', "tensor 'token_embd.weight' [embedding, vocabulary] is missing", {
      data: { field: 'token_embd.weight' },
    });
  }
  const contextLength = metadata.integer(field('context_length'), 1, 16_777_216);
  const ropeBase = metadata.float(field('rope.freq_base'), 1, 1e12, 10_000);
  return {
    name: metadata.text('general.name', 'unnamed'),
    architecture,
    variation: architecture.variation?.(metadata, { layerCount, embeddingLength, headCount, headLength }) ?? {},
    layerCount,
    embeddingLength,
    feedForwardLength: metadata.integer(field('feed_forward_length'), 1, 1_048_576),
    ...heads,
    ropeDimensions,
    ropeBase,
    ropeScaling: readRopeScaling(metadata, architecture.name, { ropeDimensions, ropeBase, contextLength }),
    normEpsilon: metadata.float(field('attention.layer_norm_rms_epsilon'), 0, 1),
    contextLength,
    vocabularySize: vocabulary,
  };
}

function readArchitecture(metadata: GgufMetadata): Architecture {
  const name = metadata.text('general.architecture');
  const architecture = SUPPORTED_ARCHITECTURES.get(name);
  if (architecture === undefined) {
    throw unsupported(
      'general.architecture',
      `${quoteName(name)} is not supported, only ${[...SUPPORTED_ARCHITECTURES.keys()].join(', ')}`,
    );
  }
  if (metadata.integer(`${name}.expert_count`, 0, 65_536, 0) > 0) {
    throw unsupported(`${name}.expert_count`, 'mixture-of-experts models are not supported');
  }
  return architecture;
}

function readHeads(
  metadata: GgufMetadata,
  prefix: string,
  embeddingLength: number,
): Pick<LlamaConfig, 'headCount' | 'keyValueHeadCount' | 'headLength'> {
  const field = (key: string) => `${prefix}.attention.${key}`;
  const headCount = metadata.integer(field('head_count'), 1, 1024);
  const keyValueHeadCount = metadata.integer(field('head_count_kv'), 1, 1024, headCount);
  if (headCount % keyValueHeadCount !== 0) {
    throw invalid(
      field('head_count_kv'),
      `${headCount} heads are not a multiple of ${keyValueHeadCount} key/value heads`,
    );
  }
  if (!metadata.has(field('key_length')) && embeddingLength % headCount !== 0) {
    throw invalid(field('head_count'), `an embedding of ${embeddingLength} does not divide into ${headCount} heads`);
  }
  const headLength = metadata.integer(field('key_length'), 2, 256, Math.floor(embeddingLength / headCount));
  const valueLength = metadata.integer(field('value_length'), 2, 256, headLength);
  if (headLength > 256 || headLength % 2 !== 0 || valueLength !== headLength) {
    throw invalid(
      field('key_length'),
      `heads of ${headLength} (values ${valueLength}) are not supported: even, at most 256, and equal`,
    );
  }
  return { headCount, keyValueHeadCount, headLength };
}

function invalid(field: string, message: string): GgufError {
  return new GgufError('INVALID_VALUE', `${field}: ${message}`, { data: { field } });
}

function unsupported(field: string, message: string): GgufError {
  return new GgufError('UNSUPPORTED_ARCHITECTURE', `${field}: ${message}`, { data: { field } });
}
