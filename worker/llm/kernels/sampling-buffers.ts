import { BIAS_CAPACITY } from '../sampling/sampling-rules.ts';
import rulesCode from '../../../shaders/llm/sampling-buffers.wgsl?raw';
import noiseCode from '../../../shaders/llm/counter-rng.wgsl?raw';

/** What the kernels that choose or check a token read and write; see shaders/llm/sampling-buffers.wgsl for the layouts. */
export interface SamplingBuffers {
  /** Uniform, of `vocabularyWords`. */
  readonly vocabulary: GPUBuffer;
  /** Rules by slot. */
  readonly rules: GPUBuffer;
  readonly biases: GPUBuffer;
  /** (slot, position) by row. */
  readonly rows: GPUBuffer;
  /** [slot][positions]. */
  readonly tokens: GPUBuffer;
  /** [row][vocabulary], and the same after bias and penalties. */
  readonly logits: GPUBuffer;
  readonly adjusted: GPUBuffer;
  /** [row]. */
  readonly thresholds: GPUBuffer;
  /** [row][slices]. */
  readonly best: GPUBuffer;
  /** [row]: the chosen ids. */
  readonly ids: GPUBuffer;
}

/** The Vocabulary struct of sampling-buffers.wgsl. */
export function vocabularyWords(vocabularySize: number, capacity: number): readonly number[] {
  return [vocabularySize, sampleSliceCount(vocabularySize), capacity, BIAS_CAPACITY, 256, 4];
}

/** Puts the shared parts in front of a sampling kernel. */
export function composeSampling(code: string): string {
  return `${noiseCode}\n${rulesCode}\n${code}`;
}

/** Workgroups of a row in the first stage; fixed, so that the order of comparison never depends on the adapter. */
const MAXIMUM_SAMPLE_SLICES = 128;

export function sampleSliceCount(vocabularySize: number): number {
  return Math.min(MAXIMUM_SAMPLE_SLICES, Math.ceil(vocabularySize / 256));
}
