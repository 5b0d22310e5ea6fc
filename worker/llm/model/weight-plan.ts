import type { GgufTensor } from '../gguf/parse-gguf.ts';
import type { GgufFile } from '../gguf/parse-gguf.ts';
import type { LlamaConfig } from './llama-config.ts';
import { TensorDirectory, type MatrixRows } from './tensor-directory.ts';

/** Vectors between the q|k|v projection and attention; what an architecture lacks is undefined. */
export interface HeadVectors {
  readonly queryBias: GgufTensor | undefined;
  readonly keyBias: GgufTensor | undefined;
  readonly valueBias: GgufTensor | undefined;
  readonly queryGain: GgufTensor | undefined;
  readonly keyGain: GgufTensor | undefined;
}

export interface LayerPlan {
  readonly prefix: string;
  readonly attentionGain: GgufTensor;
  readonly projections: readonly MatrixRows[];
  readonly headVectors: HeadVectors;
  readonly attentionOutput: MatrixRows;
  readonly postAttentionGain: GgufTensor | undefined;
  readonly feedForwardGain: GgufTensor;
  readonly gate: MatrixRows;
  readonly up: MatrixRows;
  readonly down: MatrixRows;
  readonly postFeedForwardGain: GgufTensor | undefined;
}

/** The whole directory checked before anything is allocated. */
export interface LlamaPlan {
  readonly embedding: MatrixRows;
  /** Undefined when the embedding is the head. */
  readonly head: MatrixRows | undefined;
  readonly outputGain: GgufTensor;
  readonly ropeFactors: { readonly short: GgufTensor | undefined; readonly long: GgufTensor | undefined };
  readonly layers: readonly LayerPlan[];
}

/** Every tensor that the architecture has, and no other. @throws GgufError */
export function planLlamaWeights(file: GgufFile, config: LlamaConfig): LlamaPlan {
  const { architecture, embeddingLength, vocabularySize } = config;
  const tensors = new TensorDirectory(file, architecture.name);
  const hasHead = architecture.head === 'optional' && tensors.has('output.weight');
  const plan = {
    layers: Array.from({ length: config.layerCount }, (_, index) => planLayer(tensors, config, `blk.${index}`)),
    embedding: tensors.matrix('token_embd.weight', vocabularySize, embeddingLength),
    head: hasHead ? tensors.matrix('output.weight', vocabularySize, embeddingLength) : undefined,
    outputGain: tensors.vector('output_norm.weight', embeddingLength),
    ropeFactors: planRopeFactors(tensors, config),
  };
  tensors.rejectUnused();
  return plan;
}

function planLayer(tensors: TensorDirectory, config: LlamaConfig, prefix: string): LayerPlan {
  const { architecture, embeddingLength, feedForwardLength, headLength } = config;
  const queryRows = config.headCount * headLength;
  const keyRows = config.keyValueHeadCount * headLength;
  const { isFused, hasPostNorms } = architecture;
  const gain = (name: string) => tensors.vector(`${prefix}.${name}.weight`, embeddingLength);
  const matrix = (name: string, rows: number, columns: number) =>
    tensors.matrix(`${prefix}.${name}.weight`, rows, columns);
  const gateAndUp = isFused ? matrix('ffn_up', 2 * feedForwardLength, embeddingLength) : undefined;
  return {
    prefix,
    attentionGain: gain('attn_norm'),
    projections: isFused
      ? [matrix('attn_qkv', queryRows + 2 * keyRows, embeddingLength)]
      : [
          matrix('attn_q', queryRows, embeddingLength),
          matrix('attn_k', keyRows, embeddingLength),
          matrix('attn_v', keyRows, embeddingLength),
        ],
    headVectors: planHeadVectors(tensors, config, prefix),
    attentionOutput: matrix('attn_output', embeddingLength, queryRows),
    postAttentionGain: hasPostNorms ? gain('post_attention_norm') : undefined,
    feedForwardGain: gain('ffn_norm'),
    gate:
      gateAndUp === undefined
        ? matrix('ffn_gate', feedForwardLength, embeddingLength)
        : { ...gateAndUp, rowCount: feedForwardLength },
    up:
      gateAndUp === undefined
        ? matrix('ffn_up', feedForwardLength, embeddingLength)
        : { ...gateAndUp, firstRow: feedForwardLength, rowCount: feedForwardLength },
    down: matrix('ffn_down', embeddingLength, feedForwardLength),
    postFeedForwardGain: hasPostNorms ? gain('post_ffw_norm') : undefined,
  };
}

function planHeadVectors(tensors: TensorDirectory, config: LlamaConfig, prefix: string): HeadVectors {
  const { projectionBias, hasHeadNorms } = config.architecture;
  const bias = (name: string, length: number) => {
    const whole = `${prefix}.${name}.bias`;
    const isWanted = projectionBias === 'required' || (projectionBias === 'optional' && tensors.has(whole));
    return isWanted ? tensors.vector(whole, length) : undefined;
  };
  const gain = (name: string) =>
    hasHeadNorms ? tensors.vector(`${prefix}.${name}.weight`, config.headLength) : undefined;
  return {
    queryBias: bias('attn_q', config.headCount * config.headLength),
    keyBias: bias('attn_k', config.keyValueHeadCount * config.headLength),
    valueBias: bias('attn_v', config.keyValueHeadCount * config.headLength),
    queryGain: gain('attn_q_norm'),
    keyGain: gain('attn_k_norm'),
  };
}

function planRopeFactors(tensors: TensorDirectory, config: LlamaConfig): LlamaPlan['ropeFactors'] {
  const factors = (name: string) => (tensors.has(name) ? tensors.vector(name, config.ropeDimensions / 2) : undefined);
  switch (config.architecture.ropeFactors) {
    case 'none':
      return { short: undefined, long: undefined };
    case 'optional': {
      const both = factors('rope_freqs.weight');
      return { short: both, long: both };
    }
    case 'short and long':
      return { short: factors('rope_factors_short.weight'), long: factors('rope_factors_long.weight') };
  }
}
