import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type GpuProcess, startGpuProcess } from '../../main/headless/gpu-process.ts';
import { packedScene } from '../render/scene/compressed-fixture.ts';
import { openWorkerBrowser, type WorkerBrowser, type WorkerPage } from './worker-browser.ts';

// Two software adapters compile every kernel of a model.
vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 });

const root = new URL('../../', import.meta.url);
const modelPath = fileURLToPath(new URL('assets/hearth-tiny-q8_0.gguf', root));
const scenePath = fileURLToPath(new URL('assets/hearth-room.glb', root));
const settings = { widthPixels: 32, heightPixels: 24, seed: 7, maxBounces: 4 };
const tile = { x0: 8, y0: 8, x1: 16, y1: 16 };
const sampling = { temperature: 0, seed: 1 };
const prompt = 'Once upon a time';
const tokenCount = 8;

let directory: string;
let browser: WorkerBrowser;
let page: Page;
let gpu: GpuProcess;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'hearth-worker-'));
  const packedPath = join(directory, 'packed.glb');
  await writeFile(packedPath, packedScene());
  browser = await openWorkerBrowser({
    '/model.gguf': modelPath,
    '/scene.glb': scenePath,
    '/packed.glb': packedPath,
  });
  ({ page } = browser);
  gpu = await startGpuProcess({ dataDirectory: directory, adapter: 'swiftshader', log: () => {} });
});

afterAll(async () => {
  await browser?.close();
  await gpu?.stop();
  await rm(directory, { recursive: true, force: true });
});

describe('the GPU worker in Chromium', () => {
  it('refuses Chromium’s own software adapter when a real one is asked for', async () => {
    const refusal = await page.evaluate(async () => {
      const { askWorker } = globalThis as unknown as WorkerPage;
      return askWorker('open-adapter', { adapter: 'real' }).catch((error: unknown) => String(error));
    });
    expect(refusal).toMatch(/SOFTWARE_ONLY: Chromium gives only the software adapter google swiftshader/);
  });

  it('opens the software adapter when asked', async () => {
    const description = await page.evaluate(async () => {
      const { askWorker } = globalThis as unknown as WorkerPage;
      return askWorker('open-adapter', { adapter: 'software' });
    });
    expect(description).toMatchObject({ vendor: 'google', architecture: 'swiftshader', isSoftware: true });
  });

  it('writes the same tokens as the Node host', async () => {
    const inChromium = await page.evaluate(
      async ({ prompt, tokenCount, sampling }) => {
        const { askWorker, openFile } = globalThis as unknown as WorkerPage;
        await askWorker('load-model', { modelId: 'm', source: await openFile('/model.gguf') });
        const { tokens: promptTokens } = await askWorker('tokenize', { modelId: 'm', text: prompt, addBos: true });
        await askWorker('open-generation', {
          sessionId: 'g',
          modelId: 'm',
          promptTokens,
          maxTokens: tokenCount,
          sampling,
        });
        const { tokens, text } = await askWorker('next-tokens', { sessionId: 'g', maxTokens: tokenCount });
        return { promptTokens, tokens, text };
      },
      { prompt, tokenCount, sampling },
    );

    await gpu.worker.call('load-model', { modelId: 'm', source: { kind: 'file', path: modelPath } });
    const { tokens: promptTokens } = await gpu.worker.call('tokenize', { modelId: 'm', text: prompt, addBos: true });
    const session = { sessionId: 'g', modelId: 'm', promptTokens, maxTokens: tokenCount, sampling };
    await gpu.worker.call('open-generation', session);
    const { tokens, text } = await gpu.worker.call('next-tokens', { sessionId: 'g', maxTokens: tokenCount });

    expect(tokens.length).toBeGreaterThan(1);
    expect(inChromium).toEqual({ promptTokens, tokens, text });
  });

  it('renders the same tile as the Node host', async () => {
    const inChromium = await page.evaluate(
      async ({ settings, tile }) => {
        const { askWorker, openFile } = globalThis as unknown as WorkerPage;
        await askWorker('load-scene', { sceneId: 's', source: await openFile('/scene.glb'), settings });
        const { sums } = await askWorker('render-tile', { sceneId: 's', tile, firstSample: 0, sampleCount: 2 });
        return [...sums];
      },
      { settings, tile },
    );

    await gpu.worker.call('load-scene', { sceneId: 's', source: { kind: 'file', path: scenePath }, settings });
    const { sums } = await gpu.worker.call('render-tile', { sceneId: 's', tile, firstSample: 0, sampleCount: 2 });

    expect(inChromium).toHaveLength(8 * 8 * 4);
    expect(Math.max(...sums)).toBeGreaterThan(0);
    // Both are SwiftShader, but of two builds: the `f32` profile, a tolerance and not bytes.
    const scale = Math.max(...sums);
    const furthest = Math.max(...sums.map((sum, index) => Math.abs(sum - (inChromium[index] ?? Number.NaN))));
    expect(furthest / scale).toBeLessThan(1e-4);
  });

  it('unfolds Draco, meshoptimizer, WebP and KTX2 as the Node host does', async () => {
    const inChromium = await page.evaluate(async (settings) => {
      const { askWorker, openFile } = globalThis as unknown as WorkerPage;
      return askWorker('load-scene', { sceneId: 'packed', source: await openFile('/packed.glb'), settings });
    }, settings);
    const source = { kind: 'file', path: join(directory, 'packed.glb') } as const;
    expect(inChromium).toEqual(await gpu.worker.call('load-scene', { sceneId: 'packed', source, settings }));
    expect(inChromium.triangleCount).toBe(4);
  });
});
