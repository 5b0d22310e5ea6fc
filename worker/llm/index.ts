export { GgufError, type GgufErrorCode } from './gguf/gguf-error.ts';
export type { GenerationSession } from './generation.ts';
export { type GenerationRequest, type LanguageModel, loadModel, type ModelCounters } from './language-model.ts';
export { LlmError, type LlmErrorCode } from './llm-error.ts';
export { counterHash, gumbelNoise } from './sampling/counter-rng.ts';
