import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import noiseCode from '../../../shaders/llm/counter-rng.wgsl?raw';
import { readBuffer } from '../../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { createBindGroup, createShapeBuffer } from '../../../worker/llm/kernels/kernel.ts';
import { createReplayGap } from '../../../worker/llm/kernels/replay-gap.ts';
import { createSample, sampleSliceCount } from '../../../worker/llm/kernels/sample.ts';
import { counterHash, gumbelNoise } from '../../../worker/llm/sampling/counter-rng.ts';
import { createRandom, normal, pick } from '../../fixtures/llm/random.ts';
import { indexOfHighest } from '../reference/compare.ts';
import { KernelBench } from './kernel-bench.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

let bench: KernelBench;
beforeEach(async () => {
  bench = await KernelBench.open();
});
afterEach(() => bench.close());

describe('the noise on the GPU', () => {
  it('is the CPU twin: the same integers, and floats within 1e-5 relative', async () => {
    const count = 20_000;
    const code = `${noiseCode}
      @group(0) @binding(0) var<storage, read> counters: array<vec3<u32>>;
      @group(0) @binding(1) var<storage, read_write> hashes: array<u32>;
      @group(0) @binding(2) var<storage, read_write> noise: array<f32>;
      @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
        if (id.x < arrayLength(&hashes)) {
          let c = counters[id.x];
          hashes[id.x] = counterHash(c.x, c.y, c.z);
          noise[id.x] = gumbelNoise(c.x, c.y, c.z);
        }
      }`;
    const random = createRandom(3);
    const edges = [0, 1, 2, 255, 65_535, 2 ** 31, 2 ** 32 - 1];
    const counters = Array.from({ length: count }, (_, index) =>
      [0, 1, 2].map((axis) =>
        index < 343
          ? (edges[Math.floor(index / 7 ** axis) % 7] ?? 0)
          : Math.floor(random() * 2 ** (1 + pick(random, 32))),
      ),
    );
    const pipeline = await createComputePipeline(bench.device, { label: 'test.noise', code });
    const hashes = bench.empty('hashes', count);
    const noise = bench.empty('noise', count);
    const input = bench.integers(
      'counters',
      counters.flatMap((counter) => [...counter, 0]),
    );
    const group = createBindGroup(bench.device, 'test', pipeline, [input, hashes, noise]);
    const encoder = bench.device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(Math.ceil(count / 64));
    pass.end();
    bench.device.queue.submit([encoder.finish()]);
    const foundHashes = new Uint32Array(await readBuffer(bench.device, hashes, count * 4));
    const foundNoise = await bench.read(noise, count);
    const twin = counters.map(([x = 0, y = 0, z = 0]) => ({ hash: counterHash(x, y, z), noise: gumbelNoise(x, y, z) }));
    expect([...foundHashes]).toEqual(twin.map(({ hash }) => hash));
    const worst = twin.reduce((most, { noise: expected }, index) => {
      const difference = Math.abs((foundNoise[index] ?? NaN) - expected);
      return Math.max(most, difference / Math.max(1, Math.abs(expected)));
    }, 0);
    expect(worst).toBeLessThan(1e-5);
  });
});

interface Choice {
  readonly logits: ArrayLike<number>;
  readonly position?: number;
  readonly temperature?: number;
  readonly seed?: number;
}

async function choose({ logits, position = 4, temperature = 0, seed = 0 }: Choice): Promise<number> {
  const capacity = 64;
  const vocabularySize = logits.length;
  const slices = sampleSliceCount(vocabularySize);
  const greedy = temperature === 0;
  const sampling = createShapeBuffer(
    bench.device,
    'sampling',
    [vocabularySize, slices, capacity, seed, greedy ? 1 : 0],
    [greedy ? 1 : 1 / temperature],
  );
  const state = bench.state(position, 1);
  const tokens = bench.empty('tokens', capacity);
  const kernel = await createSample(bench.cache, {
    vocabularySize,
    sampling,
    state,
    logits: bench.floats('logits', logits),
    bestScores: bench.empty('best-scores', slices),
    bestTokens: bench.empty('best-tokens', slices),
    tokens,
  });
  await bench.run(kernel, 1, state, 4);
  const [after, , token = -1] = new Uint32Array(await readBuffer(bench.device, state, 16));
  const written = new Uint32Array(await readBuffer(bench.device, tokens, capacity * 4));
  expect(after).toBe(position + 1);
  if (position + 1 < capacity) expect(written[position + 1]).toBe(token);
  sampling.destroy();
  return token;
}

describe('the sampler', () => {
  it.each([1, 2, 63, 64, 65, 257, 4099, 40_003])('takes the highest of %i logits when greedy', async (size) => {
    const random = createRandom(size);
    const logits = Float32Array.from({ length: size }, () => normal(random));
    expect(await choose({ logits })).toBe(indexOfHighest(logits));
  });

  it('takes the lowest id of equals, and stays inside the vocabulary when nothing is a number', async () => {
    const equal = new Float32Array(5000).fill(-7);
    expect(await choose({ logits: equal })).toBe(0);
    equal[4999] = 1;
    equal[300] = 1;
    expect(await choose({ logits: equal })).toBe(300);
    expect(await choose({ logits: new Float32Array(300).fill(NaN) })).toBe(0);
    expect(await choose({ logits: [NaN, 1, NaN], position: 63 })).toBe(1);
  });

  it('adds the noise of (seed, new position, token) to logits over temperature', async () => {
    const random = createRandom(8);
    const logits = Float32Array.from({ length: 2000 }, () => 2 * normal(random));
    for (const [seed, position] of [
      [1, 0],
      [1, 1],
      [4_294_967_295, 30],
    ] as const) {
      const scores = Array.from(logits, (logit, token) => logit / 0.8 + gumbelNoise(seed, position + 1, token));
      expect(await choose({ logits, position, temperature: 0.8, seed })).toBe(indexOfHighest(scores));
    }
  });

  it('draws each token as often as its probability says', async () => {
    const logits = [0, 1, 2, -1];
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
    const counts = new Float64Array(4);
    const draws = 20_000;
    // On the CPU twin, which the test above ties to the GPU.
    for (let position = 0; position < draws; position++) {
      const token = indexOfHighest(logits.map((logit, id) => logit + gumbelNoise(77, position, id)));
      counts[token] = (counts[token] ?? 0) + 1;
    }
    logits.forEach((logit, token) => {
      const probability = Math.exp(logit) / total;
      const deviation = Math.sqrt(draws * probability * (1 - probability));
      expect(Math.abs((counts[token] ?? 0) - draws * probability)).toBeLessThan(5 * deviation);
    });
  });
});

describe('the replay gap', () => {
  it.each([0, 0.7])(
    'is the best score minus that of the token that follows, at temperature %d',
    async (temperature) => {
      const vocabularySize = 301;
      const count = 3;
      const position = 10;
      const capacity = 16;
      const random = createRandom(12);
      const logits = Float32Array.from({ length: count * vocabularySize }, () => normal(random));
      const tokens = Array.from({ length: capacity }, () => pick(random, vocabularySize));
      const greedy = temperature === 0;
      const inverse = greedy ? 1 : 1 / temperature;
      const sampling = createShapeBuffer(
        bench.device,
        'sampling',
        [vocabularySize, 1, capacity, 5, greedy ? 1 : 0],
        [inverse],
      );
      const gaps = bench.empty('gaps', capacity);
      const kernel = await createReplayGap(bench.cache, {
        sampling,
        state: bench.state(position, count),
        logits: bench.floats('logits', logits),
        tokens: bench.integers('tokens', tokens),
        gaps,
      });
      const found = await bench.run(kernel, count, gaps, capacity);
      for (let t = 0; t < count; t++) {
        const scores = Array.from(logits.subarray(t * vocabularySize, (t + 1) * vocabularySize), (logit, id) =>
          greedy ? logit : logit * inverse + gumbelNoise(5, position + t + 1, id),
        );
        const expected = Math.max(...scores) - (scores[tokens[position + t + 1] ?? 0] ?? NaN);
        expect(found[position + t]).toBeCloseTo(expected, 4);
      }
      sampling.destroy();
    },
  );
});
