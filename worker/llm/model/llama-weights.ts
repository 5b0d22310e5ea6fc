import { uploadStorageBuffer } from '../../gpu/buffers.ts';
import type { WeightFormat } from '../formats/weight-format.ts';
import type { GgufTensor } from '../gguf/parse-gguf.ts';
import { allocateOrFail } from './allocation.ts';
import type { RopeFactors } from './rope-table.ts';
import type { MatrixRows } from './tensor-directory.ts';
import type { TensorUpload } from './tensor-upload.ts';
import { allocateWeightMatrix, rowsPerSlice, type WeightMatrix } from './weight-matrix.ts';
import type { HeadVectors, LayerPlan, LlamaPlan } from './weight-plan.ts';

/** A part of the q|k|v projection: one matrix where the three share a format, else one per run of equal formats. */
export interface ProjectionPart {
  readonly matrix: WeightMatrix;
  /** Row of q|k|v that row 0 of the matrix is. */
  readonly outputOffset: number;
}

/** Bias of q|k|v, then gains of q and k, as rope-append.wgsl reads them. */
export interface HeadParameters {
  readonly buffer: GPUBuffer;
  readonly hasBias: boolean;
  readonly hasNorm: boolean;
}

export interface LlamaLayer {
  readonly attentionGain: GPUBuffer;
  readonly projections: readonly ProjectionPart[];
  readonly headParameters: HeadParameters | undefined;
  readonly attentionOutput: WeightMatrix;
  readonly postAttentionGain: GPUBuffer | undefined;
  readonly feedForwardGain: GPUBuffer;
  readonly gate: WeightMatrix;
  readonly up: WeightMatrix;
  readonly down: WeightMatrix;
  readonly postFeedForwardGain: GPUBuffer | undefined;
}

export interface LlamaWeights {
  readonly embedding: WeightMatrix;
  readonly layers: readonly LlamaLayer[];
  readonly outputGain: GPUBuffer;
  /** The embedding itself when the head is tied. */
  readonly head: WeightMatrix;
  readonly ropeFactors: RopeFactors;
  readonly sizeBytes: number;
  /** Weight bytes that one decoded token reads: all but the embedding table, plus it again where it is the head. */
  readonly bytesPerToken: number;
  destroy(): void;
}

/** Allocates and fills every matrix. On failure what was allocated is freed. */
export async function loadLlamaWeights(
  device: GPUDevice,
  upload: TensorUpload,
  plan: LlamaPlan,
  maximumBindingBytes: number,
): Promise<LlamaWeights> {
  const loader = new WeightLoader(device, upload, maximumBindingBytes);
  try {
    const embedding = await loader.matrix('token_embd', [plan.embedding]);
    const head = plan.head === undefined ? embedding : await loader.matrix('output', [plan.head]);
    const outputGain = await loader.gain(plan.outputGain);
    const layers: LlamaLayer[] = [];
    for (const layer of plan.layers) layers.push(await loadLayer(loader, layer));
    const { short, long } = plan.ropeFactors;
    const ropeFactors = {
      short: short === undefined ? undefined : await upload.readVector(short),
      long: long === undefined ? undefined : await upload.readVector(long),
    };
    const { sizeBytes } = loader;
    const bytesPerToken = sizeBytes - (head === embedding ? 0 : embedding.sizeBytes);
    const destroy = () => loader.destroy();
    return { embedding, layers, outputGain, head, ropeFactors, sizeBytes, bytesPerToken, destroy };
  } catch (error) {
    loader.destroy();
    throw error;
  }
}

async function loadLayer(loader: WeightLoader, layer: LayerPlan): Promise<LlamaLayer> {
  const { prefix, gate, up } = layer;
  return {
    attentionGain: await loader.gain(layer.attentionGain),
    projections: await loadProjections(loader, layer),
    headParameters: await loader.headParameters(prefix, layer.headVectors, layer.projections),
    attentionOutput: await loader.matrix(`${prefix}.attn_output`, [layer.attentionOutput]),
    postAttentionGain: await loader.optionalGain(layer.postAttentionGain),
    feedForwardGain: await loader.gain(layer.feedForwardGain),
    gate: await loader.matrix(`${prefix}.ffn_gate`, [gate], up.format),
    up: await loader.matrix(`${prefix}.ffn_up`, [up], gate.format),
    down: await loader.matrix(`${prefix}.ffn_down`, [layer.down]),
    postFeedForwardGain: await loader.optionalGain(layer.postFeedForwardGain),
  };
}

async function loadProjections(loader: WeightLoader, layer: LayerPlan): Promise<ProjectionPart[]> {
  const runs: MatrixRows[][] = [];
  for (const part of layer.projections) {
    const run = runs.at(-1);
    if (run !== undefined && run[0]?.format === part.format) run.push(part);
    else runs.push([part]);
  }
  const parts: ProjectionPart[] = [];
  let outputOffset = 0;
  for (const run of runs) {
    const matrix = await loader.matrix(`${layer.prefix}.attn_qkv`, run);
    parts.push({ matrix, outputOffset });
    outputOffset += matrix.rows;
  }
  return parts;
}

/** Puts tensors on the GPU and remembers what to free. */
class WeightLoader {
  readonly #device: GPUDevice;
  readonly #upload: TensorUpload;
  readonly #maximumBindingBytes: number;
  readonly #owned: { destroy(): void }[] = [];
  sizeBytes = 0;

  constructor(device: GPUDevice, upload: TensorUpload, maximumBindingBytes: number) {
    this.#device = device;
    this.#upload = upload;
    this.#maximumBindingBytes = maximumBindingBytes;
  }

  /** Stacks parts of one format. `partner` is the format of a matrix that must be cut at the same rows. */
  async matrix(label: string, parts: readonly MatrixRows[], partner?: WeightFormat): Promise<WeightMatrix> {
    const [first] = parts;
    if (first === undefined) throw new RangeError(`${label} has no parts`);
    const columns = first.tensor.dimensions[0] ?? 0;
    const rows = parts.reduce((sum, { rowCount }) => sum + rowCount, 0);
    const widest = [first.format, partner ?? first.format].map((format) =>
      rowsPerSlice(format, columns, this.#maximumBindingBytes),
    );
    const shape = { rows, columns, sliceRows: Math.min(...widest) };
    const matrix = await allocateOrFail(
      this.#device,
      `matrix ${label} of ${rows} x ${columns} ${first.format.name}`,
      () => allocateWeightMatrix(this.#device, label, first.format, shape),
      (partial) => partial.destroy(),
    );
    this.#owned.push(matrix);
    this.sizeBytes += matrix.sizeBytes;
    let destinationRow = 0;
    for (const part of parts) {
      await this.#upload.fill(matrix, destinationRow, part);
      destinationRow += part.rowCount;
    }
    return matrix;
  }

  async gain(tensor: GgufTensor): Promise<GPUBuffer> {
    return this.#vector(tensor.name, await this.#upload.readVector(tensor));
  }

  async optionalGain(tensor: GgufTensor | undefined): Promise<GPUBuffer | undefined> {
    return tensor === undefined ? undefined : this.gain(tensor);
  }

  async headParameters(
    prefix: string,
    vectors: HeadVectors,
    projections: readonly MatrixRows[],
  ): Promise<HeadParameters | undefined> {
    const { queryBias, keyBias, valueBias, queryGain, keyGain } = vectors;
    const biases = [queryBias, keyBias, valueBias];
    const hasBias = biases.some((bias) => bias !== undefined);
    const hasNorm = queryGain !== undefined && keyGain !== undefined;
    if (!hasBias && !hasNorm) return undefined;
    const values: number[] = [];
    const append = async (tensor: GgufTensor) => {
      values.push(...(await this.#upload.readVector(tensor)).subarray(0, tensor.elementCount));
    };
    if (hasBias) {
      // A bias that the file leaves out is zero.
      for (const [index, bias] of biases.entries()) {
        if (bias === undefined) values.push(...new Float32Array(projections[index]?.rowCount ?? 0));
        else await append(bias);
      }
    }
    if (hasNorm) {
      await append(queryGain);
      await append(keyGain);
    }
    return { buffer: this.#vector(`${prefix}.heads`, Float32Array.from(values)), hasBias, hasNorm };
  }

  destroy(): void {
    for (const item of this.#owned) item.destroy();
  }

  #vector(label: string, values: Float32Array<ArrayBuffer>): GPUBuffer {
    const buffer = uploadStorageBuffer(this.#device, `llm.${label}`, values);
    this.#owned.push(buffer);
    this.sizeBytes += buffer.size;
    return buffer;
  }
}
