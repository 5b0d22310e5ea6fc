import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { parseGguf } from '../../worker/llm/gguf/parse-gguf.ts';
import { findModelShape } from '../../worker/llm/profile/random-model/model-shapes.ts';
import { createRandomModel } from '../../worker/llm/profile/random-model/random-model.ts';
import { dequantise, type GgmlTypeName } from '../gpu/reference/dequantise.ts';

const shape = {
  name: 'test',
  vocabularySize: 101,
  embeddingLength: 256,
  layerCount: 2,
  headCount: 4,
  keyValueHeadCount: 2,
  feedForwardLength: 768,
  contextLength: 128,
  isTied: false,
};

it('refuses a type that is not there, and rows that do not divide into its blocks', () => {
  expect(() => createRandomModel({ shape, format: 'Q9_9', seed: 1 })).toThrow(/no random weights of type Q9_9/);
  const odd = { ...shape, embeddingLength: 96 };
  expect(() => createRandomModel({ shape: odd, format: 'Q4_K', seed: 1 })).toThrow(/rows of 96 .* blocks of 256/);
  expect(() => findModelShape('9b')).toThrow(/no shape 9b/);
});

it('refuses to read outside the file', async () => {
  const model = createRandomModel({ shape, format: 'Q4_0', seed: 1 });
  await expect(model.read(model.sizeBytes - 4, 5)).rejects.toThrow(RangeError);
});

it.each(['F16', 'Q8_0', 'Q4_0', 'Q4_K', 'Q6_K'])('gives the same %s bytes in pieces of any size', async (format) => {
  const model = createRandomModel({ shape, format, seed: 5 });
  const whole = await model.read(0, model.sizeBytes);
  for (const piece of [997, 65_537]) {
    const hash = createHash('sha256');
    for (let offset = 0; offset < model.sizeBytes; offset += piece) {
      hash.update(await model.read(offset, Math.min(piece, model.sizeBytes - offset)));
    }
    expect(hash.digest('hex')).toBe(createHash('sha256').update(whole).digest('hex'));
  }
  const other = createRandomModel({ shape, format, seed: 6 });
  expect(await other.read(0, model.sizeBytes)).not.toEqual(whole);
});

it.each(['F16', 'Q8_0', 'Q4_0', 'Q4_K', 'Q6_K'])('%s weights are spread as a model needs them', async (format) => {
  const model = createRandomModel({ shape, format, seed: 5 });
  const file = await parseGguf(model);
  const tensor = file.tensors.get('blk.1.ffn_up.weight');
  if (tensor === undefined) throw new Error('no such tensor');
  const bytes = await model.read(tensor.offsetBytes, tensor.sizeBytes);
  const values = dequantise(format as GgmlTypeName, bytes, tensor.elementCount);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
  expect(deviation).toBeGreaterThan(0.7 / Math.sqrt(256));
  expect(deviation).toBeLessThan(1.5 / Math.sqrt(256));
  expect(Math.abs(mean)).toBeLessThan(deviation / 8);
});

it('has the size of the real thing', () => {
  for (const [name, gigabytes] of [
    ['1b', 0.698],
    ['8b', 4.52],
  ] as const) {
    const { sizeBytes } = createRandomModel({ shape: findModelShape(name), format: 'Q4_0', seed: 0 });
    expect(sizeBytes / 1e9).toBeCloseTo(gigabytes, 2);
  }
});
