import type { Page } from 'playwright-core';
import type { ModelLoadParameters } from '../../worker/messages.ts';
import type { OracleHost } from '../llm/architecture-oracle.ts';
import type { WorkerPage } from './worker-browser.ts';

const modelId = 'oracle';

/** The worker that ships, in a browser's page; models are loaded with `load`. Its adapter must be open. */
export function createChromiumHost(page: Page, load: ModelLoadParameters = {}): OracleHost {
  return async (bytes) => {
    await page.evaluate(
      async ({ modelId, encoded, load }) => {
        const { askWorker } = globalThis as unknown as WorkerPage;
        const file = Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0));
        await askWorker('load-model', { modelId, source: { kind: 'bytes', bytes: file }, ...load });
      },
      { modelId, encoded: Buffer.from(bytes).toString('base64'), load },
    );
    return {
      async logits(tokens) {
        const values = await page.evaluate(
          async ({ modelId, tokens }) => {
            const { askWorker } = globalThis as unknown as WorkerPage;
            const { logits } = await askWorker('logits', { modelId, tokens });
            return [...logits];
          },
          { modelId, tokens: [...tokens] },
        );
        return Float32Array.from(values);
      },
      nextToken: (promptTokens) =>
        page.evaluate(
          async ({ modelId, promptTokens }) => {
            const { askWorker } = globalThis as unknown as WorkerPage;
            const sampling = { temperature: 0, seed: 0 };
            await askWorker('open-generation', { sessionId: modelId, modelId, promptTokens, maxTokens: 1, sampling });
            const { tokens } = await askWorker('next-tokens', { sessionId: modelId, maxTokens: 1 });
            await askWorker('close-generation', { sessionId: modelId });
            return tokens[0];
          },
          { modelId, promptTokens: [...promptTokens] },
        ),
      close: () =>
        page.evaluate(async (modelId) => {
          await (globalThis as unknown as WorkerPage).askWorker('unload-model', { modelId });
        }, modelId),
    };
  };
}

/** Opens Chromium's software adapter in the page's worker. */
export function openChromiumAdapter(page: Page) {
  return page.evaluate(() => (globalThis as unknown as WorkerPage).askWorker('open-adapter', { adapter: 'software' }));
}
