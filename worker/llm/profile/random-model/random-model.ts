import { assertRange, type ByteSource } from '../../../byte-source.ts';
import { buildGgufHeader, dataAlignment, type HeaderValue } from './gguf-header.ts';
import type { ModelShape } from './model-shapes.ts';
import { randomFormat } from './random-formats.ts';
import { fillRandomTensor } from './random-tensor.ts';

export interface RandomModelOptions {
  readonly shape: ModelShape;
  /** GGML type of every matrix: F16, Q8_0, Q4_0, Q4_K or Q6_K; norm gains are F32. */
  readonly format: string;
  readonly seed: number;
}

interface PlacedTensor {
  readonly name: string;
  readonly dimensions: readonly number[];
  readonly format: string;
  readonly deviation: number;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
}

/**
 * A llama GGUF with random weights, made while it is read: nothing is held but the header, so a model of any size costs no disk and
 * no memory. The same options give the same bytes on every machine. It has no end token, so that it generates to the limit.
 *
 * @throws RangeError for a type that is not there or does not divide the shape's rows.
 */
export function createRandomModel(options: RandomModelOptions): ByteSource {
  const tensors = placeTensors(options);
  const header = buildGgufHeader(
    metadataOf(options),
    tensors.map(({ name, dimensions, format, offsetBytes }) => ({
      name,
      dimensions,
      typeId: randomFormat(format).typeId,
      offsetBytes,
    })),
  );
  const last = tensors.at(-1);
  const dataBytes = last === undefined ? 0 : last.offsetBytes + last.sizeBytes;
  const sizeBytes = header.byteLength + dataBytes;
  return {
    sizeBytes,
    async read(offset, length) {
      assertRange(offset, length, sizeBytes);
      const bytes = new Uint8Array(length);
      if (offset < header.byteLength) bytes.set(header.subarray(offset, offset + length));
      const from = offset - header.byteLength;
      for (const [index, tensor] of tensors.entries()) {
        copyTensorRange(bytes, from, tensor, options.seed * 4096 + index);
      }
      return bytes;
    },
    close: () => Promise.resolve(),
  };
}

/** Writes what `tensor` has in common with data bytes [from, from + bytes.byteLength); `from` is negative inside the header. */
function copyTensorRange(bytes: Uint8Array<ArrayBuffer>, from: number, tensor: PlacedTensor, seed: number): void {
  const first = Math.max(from, tensor.offsetBytes);
  const end = Math.min(from + bytes.byteLength, tensor.offsetBytes + tensor.sizeBytes);
  if (first >= end) return;
  const start = first - tensor.offsetBytes;
  const aligned = start - (start % 4);
  const piece = new Uint8Array(end - tensor.offsetBytes - aligned);
  fillRandomTensor(piece, aligned, { seed, format: tensor.format, deviation: tensor.deviation });
  bytes.set(piece.subarray(start - aligned), first - from);
}

function placeTensors({ shape, format }: RandomModelOptions): PlacedTensor[] {
  const { embeddingLength, headCount, keyValueHeadCount, feedForwardLength, vocabularySize } = shape;
  const keyValueRows = (embeddingLength / headCount) * keyValueHeadCount;
  const tensors: PlacedTensor[] = [];
  let offsetBytes = 0;
  const add = (name: string, dimensions: readonly number[], type: string, deviation: number): void => {
    const { blockLength, blockBytes } = randomFormat(type);
    const columns = dimensions[0] ?? 0;
    if (columns % blockLength !== 0) {
      throw new RangeError(`rows of ${columns} do not divide into ${type} blocks of ${blockLength} (tensor ${name})`);
    }
    const elements = dimensions.reduce((product, dimension) => product * dimension, 1);
    const sizeBytes = (elements / blockLength) * blockBytes;
    tensors.push({ name: `${name}.weight`, dimensions, format: type, deviation, offsetBytes, sizeBytes });
    offsetBytes = Math.ceil((offsetBytes + sizeBytes) / dataAlignment) * dataAlignment;
  };
  const gain = (name: string): void => add(name, [embeddingLength], 'F32', 1);
  const matrix = (name: string, rows: number, columns: number): void =>
    add(name, [columns, rows], format, 1 / Math.sqrt(columns));

  add('token_embd', [embeddingLength, vocabularySize], format, shape.isTied ? 1 / Math.sqrt(embeddingLength) : 1);
  for (let layer = 0; layer < shape.layerCount; layer++) {
    const prefix = `blk.${layer}`;
    gain(`${prefix}.attn_norm`);
    matrix(`${prefix}.attn_q`, embeddingLength, embeddingLength);
    matrix(`${prefix}.attn_k`, keyValueRows, embeddingLength);
    matrix(`${prefix}.attn_v`, keyValueRows, embeddingLength);
    matrix(`${prefix}.attn_output`, embeddingLength, embeddingLength);
    gain(`${prefix}.ffn_norm`);
    matrix(`${prefix}.ffn_gate`, feedForwardLength, embeddingLength);
    matrix(`${prefix}.ffn_up`, feedForwardLength, embeddingLength);
    matrix(`${prefix}.ffn_down`, embeddingLength, feedForwardLength);
  }
  gain('output_norm');
  if (!shape.isTied) matrix('output', vocabularySize, embeddingLength);
  return tensors;
}

function metadataOf({ shape, format, seed }: RandomModelOptions): (readonly [string, HeaderValue])[] {
  const headLength = shape.embeddingLength / shape.headCount;
  return [
    ['general.architecture', text('llama')],
    ['general.name', text(`random ${shape.name} ${format} seed ${seed}`)],
    ['llama.context_length', uint32(shape.contextLength)],
    ['llama.embedding_length', uint32(shape.embeddingLength)],
    ['llama.block_count', uint32(shape.layerCount)],
    ['llama.feed_forward_length', uint32(shape.feedForwardLength)],
    ['llama.attention.head_count', uint32(shape.headCount)],
    ['llama.attention.head_count_kv', uint32(shape.keyValueHeadCount)],
    ['llama.attention.key_length', uint32(headLength)],
    ['llama.attention.value_length', uint32(headLength)],
    ['llama.attention.layer_norm_rms_epsilon', { kind: 'float32', value: 1e-5 }],
    ['llama.rope.dimension_count', uint32(headLength)],
    ['llama.rope.freq_base', { kind: 'float32', value: 500_000 }],
    ['tokenizer.ggml.model', text('gpt2')],
    ['tokenizer.ggml.pre', text('gpt-2')],
    [
      'tokenizer.ggml.tokens',
      { kind: 'texts', value: Array.from({ length: shape.vocabularySize }, (_, id) => `token${id}`) },
    ],
    ['tokenizer.ggml.merges', { kind: 'texts', value: [] }],
  ];
}

function uint32(value: number): HeaderValue {
  return { kind: 'uint32', value };
}

function text(value: string): HeaderValue {
  return { kind: 'text', value };
}
