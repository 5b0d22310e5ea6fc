export { GgufError, type GgufErrorCode } from './gguf/gguf-error.ts';
export type { GeneratedChunk, GenerationSession, TokenLogProbability } from './generation.ts';
export type { GenerationRequest, LanguageModel, ModelCounters } from './language-model.ts';
export { estimateMemory } from './estimate-memory.ts';
export { loadModel } from './load-model.ts';
export type { LoadOptions } from './load-options.ts';
export type { Pooling } from './serving/pool-embedding.ts';
export { LlmError, type LlmErrorCode } from './llm-error.ts';
export { counterHash, gumbelNoise } from './sampling/counter-rng.ts';
