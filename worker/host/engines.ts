import type { ByteSource } from '../byte-source.ts';
import type {
  GenerationChunk,
  MemoryEstimate,
  ModelDescription,
  ModelLoadParameters,
  RenderSettings,
  SamplingParameters,
  SceneDescription,
  SceneEstimate,
  Tile,
  WorkerParameters,
} from '../messages.ts';
import type { GenerationRequest } from '../llm/generation-request.ts';
import type { templateMessages, templateTools } from './conversation.ts';

/** What the service needs of a language model; `worker/llm` implements it. */
export interface LanguageEngine {
  readonly description: ModelDescription;
  readonly tokenizer: {
    encode(text: string, options: { addBos: boolean }): number[];
    decode(tokens: readonly number[]): string;
    encodeChat(
      messages: ReturnType<typeof templateMessages>,
      options?: { readonly tools?: ReturnType<typeof templateTools>; readonly now?: Date },
    ): number[];
  };
  /** Row-major [tokens][vocabulary]. */
  logits(tokens: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  replay(
    promptTokens: readonly number[],
    outputTokens: readonly number[],
    sampling: SamplingParameters,
  ): Promise<{ readonly gaps: readonly number[] }>;
  openGeneration(request: GenerationRequest): Promise<GenerationEngine>;
  score(tokens: readonly number[]): Promise<Float32Array<ArrayBuffer>>;
  embed(tokens: readonly number[], pooling: 'mean' | 'last' | 'cls'): Promise<Float32Array<ArrayBuffer>>;
  /** Milliseconds that one submit may take from now on. */
  pace(sliceTargetMs: number): void;
  destroy(): void;
}

export interface GenerationEngine {
  next(maxTokens: number): Promise<Omit<GenerationChunk, 'durationMs'>>;
  destroy(): void;
}

/** What the service needs of an opened scene; `worker/render` implements it. */
export interface SceneEngine {
  readonly description: SceneDescription;
  /** Sums over samples, 4 float32 per pixel. */
  renderTile(
    tile: Tile,
    firstSample: number,
    sampleCount: number,
    pace?: { readonly sliceTargetMs?: number },
  ): Promise<Float32Array<ArrayBuffer>>;
  /** What those samples meet first, 8 float32 per pixel. */
  renderGuides: SceneEngine['renderTile'];
  destroy(): void;
}

export interface ModelLoadOptions extends ModelLoadParameters {
  /** Cut matrices by rows where one dispatch is longer than the slice target; for real adapters. */
  readonly cutsRows?: boolean;
}

/** All read the source only until they resolve and leave closing it to the caller. */
export interface Engines {
  loadModel(device: GPUDevice, source: ByteSource, options?: ModelLoadOptions): Promise<LanguageEngine>;
  estimateModel(device: GPUDevice, source: ByteSource, options?: ModelLoadOptions): Promise<MemoryEstimate>;
  openScene(
    device: GPUDevice,
    source: ByteSource,
    settings: RenderSettings,
    options?: { environment?: ByteSource },
  ): Promise<SceneEngine>;
  estimateScene(
    device: GPUDevice,
    source: ByteSource,
    settings: RenderSettings,
    options: { environment?: ByteSource; tilePixels: number; budgetBytes?: number },
  ): Promise<SceneEstimate>;
  /** Smooths a finished picture; 4 float32 per pixel. */
  denoise(device: GPUDevice, picture: WorkerParameters<'denoise'>): Promise<Float32Array<ArrayBuffer>>;
}

/** The engines of this repository, brought in when first used: an adapter opens without compiling either. */
export const ownEngines: Engines = {
  async loadModel(device, source, options) {
    const { loadModel } = await import('../llm/index.ts');
    return loadModel(device, source, options);
  },
  async estimateModel(device, source, options) {
    const { estimateMemory } = await import('../llm/index.ts');
    return estimateMemory(device, source, options);
  },
  async openScene(device, source, settings, options) {
    const { openScene } = await import('../render/index.ts');
    return openScene(device, source, settings, options);
  },
  async estimateScene(device, source, settings, options) {
    const { estimateScene } = await import('../render/estimate-scene.ts');
    return estimateScene(device, source, settings, options);
  },
  async denoise(device, picture) {
    const { denoise } = await import('../render/denoise.ts');
    return denoise(device, picture);
  },
};
