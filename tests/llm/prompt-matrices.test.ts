import { describe, expect, it, vi } from 'vitest';
import { createMemorySource } from '../../worker/byte-source.ts';
import { assembleModel, readModelHeader } from '../../worker/llm/assemble-model.ts';
import { estimateMemory, loadModel } from '../../worker/llm/index.ts';
import { matrixChoiceOf } from '../../worker/llm/load-options.ts';
import { checkSubgroupKernel } from '../../worker/llm/kernels/check-subgroup-kernel.ts';
import type { ChosenMatrices } from '../../worker/llm/kernels/prompt-matrices.ts';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import { randomModel } from '../fixtures/llm/random-model.ts';
import { emulatedUnits, tile } from '../gpu/llm/emulated-matrix-units.ts';
import { normalisedError } from '../gpu/reference/compare.ts';
import { forward } from '../gpu/reference/llama-forward.ts';
import { getTestDevice } from '../gpu/test-device.ts';
import { createLoadedHost, measureCase, readGolden } from './architecture-oracle.ts';

// Mesa's compiler takes minutes for emulated matrix units, with their barriers in loops; SwiftShader's seconds.
process.env['HEARTH_SOFTWARE_ADAPTER'] ??= 'swiftshader';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 300_000, hookTimeout: 120_000 });

const UNITS = emulatedUnits([16, 16, 16], { large: tile(32, 64, 2, 2), small: tile(32, 32, 2, 2) });

const shape = {
  seed: 21,
  layerCount: 1,
  embeddingLength: 64,
  headCount: 2,
  keyValueHeadCount: 1,
  feedForwardLength: 1088,
  vocabularySize: 97,
  contextLength: 160,
  isTied: false,
  typeOf: () => 'Q8_0' as const,
} as const;

describe('a model whose prompts are multiplied on matrix units', () => {
  it('is within the bar of the float path, and its own prompts read at once or in pieces give the same answer', async () => {
    const device = await getTestDevice();
    const { bytes, reference } = randomModel(shape);
    const source = createMemorySource(bytes);
    const header = await readModelHeader(source);
    const matrices = { variant: 'subgroup-matrix', units: UNITS, reason: null } as const;
    const { model } = await assembleModel(device, header, source, { matrices, sliceBudgetMs: Infinity });
    expect(model.description).toMatchObject({ matrices: 'subgroup-matrix', matricesReason: null });
    const random = createRandom(3);
    const tokens = Array.from({ length: 70 }, () => pick(random, shape.vocabularySize));
    const expected = forward(reference, tokens).flatMap((row) => [...row]);
    const error = normalisedError(await model.logits(tokens), expected);
    // Not exact, or it would not have run on them.
    expect(error).toBeGreaterThan(1e-10);
    expect(error).toBeLessThan(1e-5);

    const sampling = { temperature: 0, seed: 0 };
    const session = await model.openGeneration({ promptTokens: tokens, maxTokens: 6, sampling });
    const { tokens: answer } = await session.next(6);
    session.destroy();
    // A replay reads in pieces of 32 what the generation read at once.
    const { gaps } = await model.replay(tokens, answer, sampling);
    expect(Math.max(...gaps)).toBeLessThan(4e-2);
    model.destroy();
  });
});

describe('matrices of half precision', () => {
  it.each([
    { title: 'llama Q4_0', variant: 'subgroup-matrix' },
    { title: 'gemma2 Q4_K', variant: 'subgroup-matrix' },
    { title: 'qwen3 Q6_K', variant: 'f16' },
    { title: 'gemma3 F16', variant: 'f16' },
  ] as const)("are within the bar of llama.cpp's log-probabilities: $title, $variant", async ({ title, variant }) => {
    const device = await getTestDevice();
    if (variant === 'f16' && !device.features.has('shader-f16')) return;
    const matrices: ChosenMatrices =
      variant === 'f16' ? { variant, reason: null } : { variant, units: UNITS, reason: null };
    const host = createLoadedHost(async (bytes) => {
      const source = createMemorySource(bytes);
      const options = { matrices, cacheType: 'f32' } as const;
      return (await assembleModel(device, await readModelHeader(source), source, options)).model;
    });
    const shapeOfCase = ARCHITECTURE_CASES.find((entry) => entry.title === title);
    const expected = readGolden(ARCHITECTURE_CASES).get(title);
    if (shapeOfCase === undefined || expected === undefined) throw new Error(`no case ${title}`);
    const figures = await measureCase(host, shapeOfCase, expected, 1);
    expect(figures.nmse).toBeLessThan(1e-4);
    expect(figures.kl).toBeLessThan(1e-4);
    expect([figures.wrongTop, figures.wrongDecoded]).toEqual([0, 0]);
  });
});

it('a driver whose matrix units do not add up is found out before a model runs on it', async () => {
  const device = await getTestDevice();
  const forgetful = { ...UNITS, operations: UNITS.operations.replace('var result = sum;', 'var result = Sum();') };
  expect(await checkSubgroupKernel(device, forgetful)).toMatch(/is wrong for 66 tokens: row 0 of token 0 is/);
  const broken = { ...UNITS, operations: 'no WGSL' };
  expect(await checkSubgroupKernel(device, broken)).toMatch(/does not run: .*does not compile/);
  expect(await checkSubgroupKernel(device, UNITS)).toBeNull();
});

describe('a wish for matrix units on an adapter without', () => {
  it('falls back to f32 and says why, where any way will do', async () => {
    const device = await getTestDevice();
    const model = await loadModel(device, createMemorySource(randomModel(shape).bytes), { matrices: 'auto' });
    if (device.features.has('chromium-experimental-subgroup-matrix')) return;
    expect(model.description).toMatchObject({
      matrices: 'f32',
      matricesReason: 'the adapter has no chromium-experimental-subgroup-matrix',
    });
    model.destroy();
  });

  it('is refused where nothing else will do', async () => {
    const device = await getTestDevice();
    if (device.features.has('chromium-experimental-subgroup-matrix')) return;
    const source = createMemorySource(randomModel(shape).bytes);
    await expect(loadModel(device, source, { matrices: 'subgroup-matrix' })).rejects.toMatchObject({
      code: 'ADAPTER_LIMIT',
      message: expect.stringContaining('the adapter has no chromium-experimental-subgroup-matrix'),
    });
    await expect(loadModel(device, source, { matrices: 'f64' as 'f32' })).rejects.toMatchObject({
      code: 'INVALID_PARAMETER',
    });
  });

  it('is made by whoever keeps keys and values in half precision, and by nobody who does not', () => {
    const features = new Set(['shader-f16']);
    expect(matrixChoiceOf(features, {})).toBe('auto');
    expect(matrixChoiceOf(features, { cacheType: 'f32' })).toBe('f32');
    expect(matrixChoiceOf(features, { matrices: 'f32' })).toBe('f32');
    expect(matrixChoiceOf(new Set(), {})).toBe('f32');
    expect(matrixChoiceOf(new Set(), { cacheType: 'f16' })).toBe('auto');
  });

  it('is counted with the memory that halves and parts take', async () => {
    const device = await getTestDevice();
    const source = createMemorySource(randomModel(shape).bytes);
    const plain = await estimateMemory(device, source);
    const onUnits = await estimateMemory(device, source, { matrices: 'subgroup-matrix' });
    // 512 tokens of 1088 columns in half precision, a factor each, and two parts of 64 rows.
    expect(onUnits.residentBytes - plain.residentBytes).toBeGreaterThan(512 * (1088 * 2 + 4 + 2 * 64 * 4));
  });
});
