import { readFileSync } from 'node:fs';
import { createMemorySource } from '../../worker/byte-source.ts';
import { loadModel, type LanguageModel } from '../../worker/llm/index.ts';
import { getTestDevice } from '../gpu/test-device.ts';

export function embeddedModelBytes(): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL('../../assets/hearth-tiny-q8_0.gguf', import.meta.url)));
}

/** With keys and values as computed, so that exact bounds hold on every adapter. */
export async function loadEmbeddedModel(): Promise<LanguageModel> {
  return loadModel(await getTestDevice(), createMemorySource(embeddedModelBytes()), { cacheType: 'f32' });
}

export function readFixture(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`../fixtures/llm/${name}`, import.meta.url)));
}

export function readJsonFixture(name: string): unknown {
  return JSON.parse(new TextDecoder().decode(readFixture(name)));
}
