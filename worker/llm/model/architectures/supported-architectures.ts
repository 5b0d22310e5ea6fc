import type { Architecture } from './architecture.ts';
import { gemma2 } from './gemma2.ts';
import { gemma3 } from './gemma3.ts';
import { llama } from './llama.ts';
import { phi3 } from './phi3.ts';
import { qwen2 } from './qwen2.ts';
import { qwen3 } from './qwen3.ts';

/** By `general.architecture`. */
export const SUPPORTED_ARCHITECTURES: ReadonlyMap<string, Architecture> = new Map(
  [llama, qwen2, qwen3, gemma2, gemma3, phi3].map((architecture) => [architecture.name, architecture]),
);
