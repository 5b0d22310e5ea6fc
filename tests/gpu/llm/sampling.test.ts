import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import noiseCode from '../../../shaders/llm/counter-rng.wgsl?raw';
import { readBuffer } from '../../../worker/gpu/buffers.ts';
import { createComputePipeline } from '../../../worker/gpu/pipelines.ts';
import { createBindGroup, type Kernel } from '../../../worker/llm/kernels/kernel.ts';
import { createSampleFilter } from '../../../worker/llm/kernels/sample-filter.ts';
import { createSample } from '../../../worker/llm/kernels/sample.ts';
import type { SamplingParameters } from '../../../worker/messages.ts';
import { filterThreshold, adjustLogits, sampleToken } from '../../../worker/llm/sampling/filter-logits.ts';
import {
  BIAS_CAPACITY,
  packBiases,
  packSamplingRules,
  readSamplingRules,
  RULES_BYTES,
} from '../../../worker/llm/sampling/sampling-rules.ts';
import { counterHash, gumbelNoise } from '../../../worker/llm/sampling/counter-rng.ts';
import { createRandom, normal, pick } from '../../fixtures/llm/random.ts';
import { indexOfHighest } from '../reference/compare.ts';
import { KernelBench } from './kernel-bench.ts';
import { samplingBuffers } from './sampling-buffers.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const greedy = { temperature: 0, seed: 0 };

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
  /** Tokens before the new one; its position is their count. */
  readonly tokens?: readonly number[];
  readonly parameters?: SamplingParameters;
}

const CAPACITY = 64;

/** Chooses in row 1 of a batch of two, slot 2: nothing may depend on being the first. */
async function choose({ logits, tokens = [1, 2, 3, 4, 0], parameters = greedy }: Choice): Promise<number> {
  const vocabularySize = logits.length;
  const rules = readSamplingRules(parameters, vocabularySize);
  const buffers = samplingBuffers(bench, { vocabularySize, rowCount: 2, capacity: CAPACITY });
  const position = tokens.length - 1;
  bench.write(buffers.rows, 0, [0, 9, 2, position]);
  bench.write(buffers.tokens, 2 * CAPACITY, tokens);
  bench.device.queue.writeBuffer(buffers.rules, 2 * RULES_BYTES, packSamplingRules(rules));
  if (rules.logitBias.length > 0) {
    bench.device.queue.writeBuffer(buffers.biases, 2 * BIAS_CAPACITY * 8, packBiases(rules));
  }
  bench.device.queue.writeBuffer(buffers.logits, vocabularySize * 4, Float32Array.from(logits));
  const filter = await createSampleFilter(bench.cache, buffers);
  const sample = await createSample(bench.cache, { ...buffers, vocabularySize });
  const both: Kernel = {
    ...sample,
    run: (pass, count) => [filter, sample].forEach((kernel) => kernel.run(pass, count)),
  };
  await bench.run(both, 2, buffers.rows, 4);
  const [, , slot, after] = new Uint32Array(await readBuffer(bench.device, buffers.rows, 16));
  const [, token = -1] = new Uint32Array(await readBuffer(bench.device, buffers.ids, 8));
  const written = new Uint32Array(await readBuffer(bench.device, buffers.tokens, CAPACITY * 4, 2 * CAPACITY * 4));
  expect([slot, after]).toEqual([2, position + 1]);
  if (position + 1 < CAPACITY) expect(written[position + 1]).toBe(token);
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
    const full = Array.from({ length: CAPACITY }, () => 0);
    expect(await choose({ logits: [NaN, 1, NaN], tokens: full })).toBe(1);
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
      const tokens = Array.from({ length: position + 1 }, (_, index) => index);
      expect(await choose({ logits, tokens, parameters: { temperature: 0.8, seed } })).toBe(indexOfHighest(scores));
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

const RULES: readonly (readonly [string, Omit<SamplingParameters, 'seed'>])[] = [
  ['top-k', { temperature: 1.5, topK: 7 }],
  ['top-k of one', { temperature: 2, topK: 1 }],
  ['top-k past the vocabulary', { temperature: 2, topK: 100_000 }],
  ['top-p', { temperature: 1.2, topP: 0.7 }],
  ['a tiny top-p', { temperature: 3, topP: 1e-6 }],
  ['min-p', { temperature: 1.5, minP: 0.2 }],
  ['top-k, top-p and min-p', { temperature: 2, topK: 40, topP: 0.9, minP: 0.02 }],
  ['penalties', { temperature: 0, repetitionPenalty: 1.7, presencePenalty: 0.6, frequencyPenalty: 0.4 }],
  ['penalties that look back three tokens', { temperature: 0.9, presencePenalty: 5, penaltyTokens: 3 }],
  ['everything', { temperature: 0.8, topK: 50, topP: 0.8, minP: 0.05, repetitionPenalty: 1.2, frequencyPenalty: 0.3 }],
];

describe('the rules of a request', () => {
  it.each(RULES)('choose the token of the float64 twin, on awkward vocabularies: %s', async (_title, parameters) => {
    for (const size of [1, 2, 61, 257, 1009, 5003]) {
      const random = createRandom(size);
      const logits = Float32Array.from({ length: size }, () => 3 * normal(random));
      const tokens = Array.from({ length: 40 }, () => pick(random, Math.min(size, 12)));
      for (const seed of [3, 4_294_967_295]) {
        const rules = readSamplingRules({ ...parameters, seed }, size);
        const found = await choose({ logits, tokens, parameters: { ...parameters, seed } });
        expect(found).toBe(sampleToken(logits, tokens, rules));
      }
    }
  });

  it('add a bias to named tokens, so far that one is always or never taken', async () => {
    const logits = Float32Array.from({ length: 700 }, (_, token) => (token === 5 ? 9 : -token / 100));
    const logitBias = [
      { token: 5, bias: -100 },
      { token: 699, bias: 50 },
    ];
    expect(await choose({ logits, parameters: { ...greedy, logitBias } })).toBe(699);
    expect(await choose({ logits, parameters: { ...greedy, logitBias: logitBias.slice(0, 1) } })).toBe(0);
  });

  it('keep tokens equal to the last one kept, and never lose the best', async () => {
    const equal = new Float32Array(300).fill(1);
    const parameters = { temperature: 1, seed: 6, topK: 3 };
    const rules = readSamplingRules(parameters, 300);
    expect(filterThreshold(adjustLogits(equal, [], rules), rules)).toBe(1);
    const tokens = [1, 2, 3];
    expect(await choose({ logits: equal, tokens, parameters })).toBe(sampleToken(equal, tokens, rules));
    const spread = Float32Array.from({ length: 300 }, (_, token) => -Math.abs(token - 40));
    expect(await choose({ logits: spread, parameters: { temperature: 5, seed: 1, minP: 1 } })).toBe(40);
  });

  it.each([
    ['topK', { topK: -1 }],
    ['topK', { topK: 1.5 }],
    ['topP', { topP: 0 }],
    ['topP', { topP: 1.1 }],
    ['minP', { minP: NaN }],
    ['repetitionPenalty', { repetitionPenalty: 0 }],
    ['penaltyTokens', { penaltyTokens: 1025 }],
    ['logitBias', { logitBias: [{ token: 1, bias: Infinity }] }],
    [
      'logitBias',
      {
        logitBias: [
          { token: 1, bias: 1 },
          { token: 1, bias: 2 },
        ],
      },
    ],
  ])('are refused by name when %s is out of range', (field, parameters) => {
    const refused = () => readSamplingRules({ temperature: 1, seed: 0, ...parameters }, 10);
    expect(refused).toThrow(
      expect.objectContaining({ code: 'INVALID_PARAMETER', data: expect.objectContaining({ field }) }),
    );
  });

  it('are refused for a bias on a token outside the vocabulary', () => {
    expect(() => readSamplingRules({ ...greedy, logitBias: [{ token: 10, bias: 1 }] }, 10)).toThrow(
      expect.objectContaining({ code: 'TOKEN_OUT_OF_RANGE' }),
    );
  });
});
