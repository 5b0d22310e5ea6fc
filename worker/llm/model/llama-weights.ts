import { uploadStorageBuffer } from '../../gpu/buffers.ts';
import { SUPPORTED_FORMATS } from '../formats/supported-formats.ts';
import type { WeightFormat } from '../formats/weight-format.ts';
import { GgufError, quoteName } from '../gguf/gguf-error.ts';
import { GGUF_LIMITS } from '../gguf/limits.ts';
import type { GgufFile, GgufTensor } from '../gguf/parse-gguf.ts';
import { allocateOrFail } from './allocation.ts';
import type { LlamaConfig } from './llama-config.ts';
import type { TensorUpload } from './tensor-upload.ts';
import { allocateWeightMatrix, rowsPerSlice, type WeightMatrix } from './weight-matrix.ts';

/** A part of the q|k|v projection: one matrix where the three share a format, else one per run of equal formats. */
export interface ProjectionPart {
  readonly matrix: WeightMatrix;
  /** Row of q|k|v that row 0 of the matrix is. */
  readonly outputOffset: number;
}

export interface LlamaLayer {
  readonly attentionGain: GPUBuffer;
  readonly projections: readonly ProjectionPart[];
  readonly attentionOutput: WeightMatrix;
  readonly feedForwardGain: GPUBuffer;
  readonly gate: WeightMatrix;
  readonly up: WeightMatrix;
  readonly down: WeightMatrix;
}

export interface LlamaWeights {
  readonly embedding: WeightMatrix;
  readonly layers: readonly LlamaLayer[];
  readonly outputGain: GPUBuffer;
  /** The embedding itself when the head is tied. */
  readonly head: WeightMatrix;
  /** Divisors of the rope frequencies (Llama 3.x), [ropeDimensions / 2]. */
  readonly ropeFactors: Float32Array | undefined;
  readonly sizeBytes: number;
  /** Weight bytes that one decoded token reads: all but the embedding table, plus it again where it is the head. */
  readonly bytesPerToken: number;
  destroy(): void;
}

interface TensorPlan {
  readonly tensor: GgufTensor;
  readonly format: WeightFormat;
}

/**
 * Looks up and checks every tensor of the architecture: present, of a supported type, of the shape the hyperparameters say,
 * and none left over (a bias that is not applied would make the answers silently wrong).
 *
 * @throws GgufError
 */
export class LlamaTensors {
  readonly #file: GgufFile;
  readonly #used = new Set<string>();

  constructor(file: GgufFile) {
    this.#file = file;
  }

  matrix(name: string, rows: number, columns: number): TensorPlan {
    const tensor = this.#require(name);
    const format = SUPPORTED_FORMATS.get(tensor.type.name);
    if (format === undefined) {
      throw new GgufError(
        'UNSUPPORTED_TENSOR_TYPE',
        `tensor ${quoteName(name)} is ${tensor.type.name}; supported are ${[...SUPPORTED_FORMATS.keys()].join(', ')}`,
        { data: { field: name, value: tensor.type.name } },
      );
    }
    this.#checkShape(tensor, [columns, rows]);
    return { tensor, format };
  }

  vector(name: string, length: number): GgufTensor {
    const tensor = this.#require(name);
    if (tensor.type.name !== 'F32' && tensor.type.name !== 'F16') {
      throw new GgufError(
        'UNSUPPORTED_TENSOR_TYPE',
        `vector ${quoteName(name)} is ${tensor.type.name}, not F32 or F16`,
        {
          data: { field: name, value: tensor.type.name },
        },
      );
    }
    this.#checkShape(tensor, [length]);
    return tensor;
  }

  has(name: string): boolean {
    return this.#file.tensors.has(name);
  }

  rejectUnused(): void {
    for (const name of this.#file.tensors.keys()) {
      if (!this.#used.has(name)) {
        throw new GgufError('UNEXPECTED_TENSOR', `tensor ${quoteName(name)} is not part of the llama architecture`, {
          data: { field: name },
        });
      }
    }
  }

  #require(name: string): GgufTensor {
    const tensor = this.#file.tensors.get(name);
    if (tensor === undefined) {
      throw new GgufError('MISSING_TENSOR', `tensor ${quoteName(name)} is missing`, { data: { field: name } });
    }
    this.#used.add(name);
    return tensor;
  }

  #checkShape(tensor: GgufTensor, expected: readonly number[]): void {
    const found = tensor.dimensions.join(' x ');
    if (found !== expected.join(' x ')) {
      throw new GgufError(
        'WRONG_SHAPE',
        `tensor ${quoteName(tensor.name)} is ${found}, but the hyperparameters make it ${expected.join(' x ')}`,
        { data: { field: tensor.name, found, expected: expected.join(' x ') } },
      );
    }
    if ((expected[0] ?? 0) > GGUF_LIMITS.rowElements) {
      throw new GgufError(
        'LIMIT_EXCEEDED',
        `tensor ${quoteName(tensor.name)} has rows of ${expected[0]} elements, above the limit of ${GGUF_LIMITS.rowElements}`,
        { data: { field: tensor.name, value: expected[0] ?? 0, limit: GGUF_LIMITS.rowElements } },
      );
    }
  }
}

interface LayerPlan {
  readonly prefix: string;
  readonly attentionGain: GgufTensor;
  readonly projections: readonly TensorPlan[];
  readonly attentionOutput: TensorPlan;
  readonly feedForwardGain: GgufTensor;
  readonly gate: TensorPlan;
  readonly up: TensorPlan;
  readonly down: TensorPlan;
}

/** The whole directory checked before anything is allocated. */
export interface LlamaPlan {
  readonly embedding: TensorPlan;
  readonly head: TensorPlan | undefined;
  readonly outputGain: GgufTensor;
  readonly ropeFactors: GgufTensor | undefined;
  readonly layers: readonly LayerPlan[];
}

/** @throws GgufError */
export function planLlamaWeights(file: GgufFile, config: LlamaConfig): LlamaPlan {
  const tensors = new LlamaTensors(file);
  const { embeddingLength, feedForwardLength, vocabularySize, headLength } = config;
  const queryRows = config.headCount * headLength;
  const keyRows = config.keyValueHeadCount * headLength;
  const layers = Array.from({ length: config.layerCount }, (_, index): LayerPlan => {
    const prefix = `blk.${index}`;
    return {
      prefix,
      attentionGain: tensors.vector(`${prefix}.attn_norm.weight`, embeddingLength),
      projections: [
        tensors.matrix(`${prefix}.attn_q.weight`, queryRows, embeddingLength),
        tensors.matrix(`${prefix}.attn_k.weight`, keyRows, embeddingLength),
        tensors.matrix(`${prefix}.attn_v.weight`, keyRows, embeddingLength),
      ],
      attentionOutput: tensors.matrix(`${prefix}.attn_output.weight`, embeddingLength, queryRows),
      feedForwardGain: tensors.vector(`${prefix}.ffn_norm.weight`, embeddingLength),
      gate: tensors.matrix(`${prefix}.ffn_gate.weight`, feedForwardLength, embeddingLength),
      up: tensors.matrix(`${prefix}.ffn_up.weight`, feedForwardLength, embeddingLength),
      down: tensors.matrix(`${prefix}.ffn_down.weight`, embeddingLength, feedForwardLength),
    };
  });
  const plan = {
    embedding: tensors.matrix('token_embd.weight', vocabularySize, embeddingLength),
    head: tensors.has('output.weight') ? tensors.matrix('output.weight', vocabularySize, embeddingLength) : undefined,
    outputGain: tensors.vector('output_norm.weight', embeddingLength),
    ropeFactors: tensors.has('rope_freqs.weight')
      ? tensors.vector('rope_freqs.weight', config.ropeDimensions / 2)
      : undefined,
    layers,
  };
  tensors.rejectUnused();
  return plan;
}

/** Allocates and fills every matrix. On failure what was allocated is freed. */
export async function loadLlamaWeights(
  device: GPUDevice,
  upload: TensorUpload,
  plan: LlamaPlan,
  maximumBindingBytes: number,
): Promise<LlamaWeights> {
  const owned: { destroy(): void }[] = [];
  let sizeBytes = 0;
  const loadMatrix = async (label: string, parts: readonly TensorPlan[], partner?: WeightFormat) => {
    const [first] = parts;
    if (first === undefined) throw new RangeError(`${label} has no parts`);
    const columns = first.tensor.dimensions[0] ?? 0;
    const rows = parts.reduce((sum, { tensor }) => sum + (tensor.dimensions[1] ?? 0), 0);
    const widest = [first.format, partner ?? first.format].map((format) =>
      rowsPerSlice(format, columns, maximumBindingBytes),
    );
    const shape = { rows, columns, sliceRows: Math.min(...widest) };
    const matrix = await allocateOrFail(
      device,
      `matrix ${label} of ${rows} x ${columns} ${first.format.name}`,
      () => allocateWeightMatrix(device, label, first.format, shape),
      (partial) => partial.destroy(),
    );
    owned.push(matrix);
    sizeBytes += matrix.sizeBytes;
    let firstRow = 0;
    for (const { tensor } of parts) {
      await upload.fill(matrix, firstRow, tensor);
      firstRow += tensor.dimensions[1] ?? 0;
    }
    return matrix;
  };
  const loadGain = async (tensor: GgufTensor) => {
    const buffer = uploadStorageBuffer(device, `llm.${tensor.name}`, await upload.readVector(tensor));
    owned.push(buffer);
    sizeBytes += buffer.size;
    return buffer;
  };
  const destroy = () => {
    for (const item of owned) item.destroy();
  };
  try {
    const embedding = await loadMatrix('token_embd', [plan.embedding]);
    const head = plan.head === undefined ? embedding : await loadMatrix('output', [plan.head]);
    const outputGain = await loadGain(plan.outputGain);
    const layers: LlamaLayer[] = [];
    for (const layer of plan.layers) {
      layers.push({
        attentionGain: await loadGain(layer.attentionGain),
        projections: await loadProjections(layer, loadMatrix),
        attentionOutput: await loadMatrix(`${layer.prefix}.attn_output`, [layer.attentionOutput]),
        feedForwardGain: await loadGain(layer.feedForwardGain),
        gate: await loadMatrix(`${layer.prefix}.ffn_gate`, [layer.gate], layer.up.format),
        up: await loadMatrix(`${layer.prefix}.ffn_up`, [layer.up], layer.gate.format),
        down: await loadMatrix(`${layer.prefix}.ffn_down`, [layer.down]),
      });
    }
    const ropeFactors = plan.ropeFactors === undefined ? undefined : await upload.readVector(plan.ropeFactors);
    const bytesPerToken = sizeBytes - (head === embedding ? 0 : embedding.sizeBytes);
    return { embedding, layers, outputGain, head, ropeFactors, sizeBytes, bytesPerToken, destroy };
  } catch (error) {
    destroy();
    throw error;
  }
}

async function loadProjections(
  layer: LayerPlan,
  loadMatrix: (label: string, parts: readonly TensorPlan[]) => Promise<WeightMatrix>,
): Promise<ProjectionPart[]> {
  const runs: TensorPlan[][] = [];
  for (const part of layer.projections) {
    const run = runs.at(-1);
    if (run !== undefined && run[0]?.format === part.format) run.push(part);
    else runs.push([part]);
  }
  const parts: ProjectionPart[] = [];
  let outputOffset = 0;
  for (const run of runs) {
    const matrix = await loadMatrix(`${layer.prefix}.attn_qkv`, run);
    parts.push({ matrix, outputOffset });
    outputOffset += matrix.rows;
  }
  return parts;
}
