import { describe, expect, it, vi } from 'vitest';
import { createMemorySource, type ByteSource } from '../../worker/byte-source.ts';
import { parseGguf } from '../../worker/llm/gguf/parse-gguf.ts';
import { parseModelFile } from '../../worker/llm/gguf/split-gguf.ts';
import { loadModel } from '../../worker/llm/index.ts';
import { readLlamaConfig } from '../../worker/llm/model/llama-config.ts';
import { planLlamaWeights } from '../../worker/llm/model/weight-plan.ts';
import { GGUF_TYPE, writeGguf, type GgufWriterFile, type GgufWriterTensor } from '../fixtures/llm/gguf-writer.ts';
import { randomModel } from '../fixtures/llm/random-model.ts';
import { createRandom, pick } from '../fixtures/llm/random.ts';
import { getTestDevice } from '../gpu/test-device.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 180_000 });

const good = randomModel({
  seed: 1,
  layerCount: 1,
  embeddingLength: 32,
  headCount: 2,
  keyValueHeadCount: 1,
  feedForwardLength: 32,
  vocabularySize: 9,
  contextLength: 16,
  isTied: false,
  typeOf: () => 'Q8_0',
}).file;

const uint32 = (value: number) => ({ type: GGUF_TYPE.uint32, value });
const text = (value: string) => ({ type: GGUF_TYPE.string, value });

function withMetadata(key: string, value: GgufWriterFile['metadata'][number][1] | undefined): GgufWriterFile {
  const others = good.metadata.filter(([name]) => name !== key);
  return { ...good, metadata: value === undefined ? others : [...others, [key, value]] };
}

function withTensor(name: string, change: Partial<GgufWriterTensor>): GgufWriterFile {
  return {
    ...good,
    tensors: good.tensors.map((tensor) => (tensor.name === name ? { ...tensor, ...change } : tensor)),
  };
}

const DOWN = 'blk.0.ffn_down.weight';
const ARRAY = { elementType: GGUF_TYPE.string, values: [] };

const CASES: readonly (readonly [title: string, file: GgufWriterFile, code: string, mentions: string])[] = [
  ['another magic', { ...good, magic: 0x46554746 }, 'NOT_GGUF', '0x46554746'],
  ['version 1', { ...good, version: 1 }, 'UNSUPPORTED_VERSION', '1'],
  ['a big-endian file', { ...good, version: 0x03000000 }, 'UNSUPPORTED_VERSION', 'big-endian'],
  ['2^63 tensors', { ...good, tensorCount: 1n << 63n }, 'LIMIT_EXCEEDED', '9223372036854775808'],
  ['65,537 metadata entries', { ...good, metadataCount: 65_537n }, 'LIMIT_EXCEEDED', '65536'],
  ['more tensors than bytes', { ...good, tensorCount: 60_000n }, 'TRUNCATED', '60000'],
  ['one tensor more than there are', { ...good, tensorCount: 14n }, 'INVALID_VALUE', 'dimensions'],
  ['an array of 2^40', withMetadata('x', { ...ARRAY, claimedLength: 1n << 40n }), 'LIMIT_EXCEEDED', "'x'"],
  ['an array longer than the file', withMetadata('x', { ...ARRAY, claimedLength: 900_000n }), 'TRUNCATED', '900000'],
  ['an array of arrays', withMetadata('x', { elementType: GGUF_TYPE.array, values: [0] }), 'LIMIT_EXCEEDED', 'nests'],
  ['an unknown value type', withMetadata('x', { type: 13, value: 0 }), 'INVALID_VALUE', '13'],
  ['an unknown element type', withMetadata('x', { elementType: 99, values: [0] }), 'INVALID_VALUE', '99'],
  ['a boolean of 2', withMetadata('x', { type: GGUF_TYPE.bool, value: 2 }), 'INVALID_VALUE', '2'],
  [
    'a field twice',
    { ...good, metadata: [...good.metadata, ...good.metadata.slice(0, 1)] },
    'DUPLICATE_NAME',
    'general',
  ],
  ['an alignment of 24', withMetadata('general.alignment', uint32(24)), 'INVALID_VALUE', '24'],
  ['an alignment of 0', withMetadata('general.alignment', uint32(0)), 'INVALID_VALUE', '0'],
  ['an alignment of 2^31', withMetadata('general.alignment', uint32(2 ** 31)), 'INVALID_VALUE', '2147483648'],
  ['an alignment in words', withMetadata('general.alignment', text('32')), 'WRONG_FIELD_TYPE', 'string'],
  [
    'a tensor twice',
    { ...good, tensors: [...good.tensors, ...good.tensors.slice(0, 1)] },
    'DUPLICATE_NAME',
    'token_embd',
  ],
  ['no dimensions', withTensor(DOWN, { dimensions: [] }), 'INVALID_VALUE', '0 dimensions'],
  ['five dimensions', withTensor(DOWN, { dimensions: [32, 32, 1, 1, 1] }), 'INVALID_VALUE', '5 dimensions'],
  ['4 billion dimensions', withTensor(DOWN, { claimedDimensionCount: 2 ** 32 - 1 }), 'INVALID_VALUE', '4294967295'],
  ['a dimension of 0', withTensor(DOWN, { dimensions: [32, 0] }), 'INVALID_VALUE', '32 x 0'],
  [
    'dimensions that overflow 64 bits',
    withTensor(DOWN, { dimensions: [1n << 32n, 1n << 32n, 1n << 32n] }),
    'TENSOR_OUT_OF_RANGE',
    '4294967296',
  ],
  [
    'dimensions past the file',
    withTensor(DOWN, { dimensions: [32, 1n << 40n] }),
    'TENSOR_OUT_OF_RANGE',
    '1099511627776',
  ],
  ['a row that is no whole block', withTensor(DOWN, { dimensions: [33, 32] }), 'INVALID_VALUE', '33'],
  ['an unknown tensor type', withTensor(DOWN, { type: 4 }), 'UNSUPPORTED_TENSOR_TYPE', '4'],
  ['a removed tensor type', withTensor(DOWN, { type: 0xffffffff }), 'UNSUPPORTED_TENSOR_TYPE', '4294967295'],
  [
    'a type this engine cannot run',
    withTensor(DOWN, { type: 24, dimensions: [32, 32] }),
    'UNSUPPORTED_TENSOR_TYPE',
    'I8',
  ],
  ['a tensor past the end of the file', withTensor(DOWN, { offset: 1n << 20n }), 'TENSOR_OUT_OF_RANGE', DOWN],
  ['a tensor past 64 bits', withTensor(DOWN, { offset: (1n << 64n) - 32n }), 'TENSOR_OUT_OF_RANGE', '18446744073709'],
  ['a tensor off its alignment', withTensor(DOWN, { offset: 33n }), 'INVALID_VALUE', '33'],
  ['a tensor on another', withTensor(DOWN, { offset: 0n }), 'TENSOR_OVERLAP', DOWN],
  ['another architecture', withMetadata('general.architecture', text('gpt4')), 'UNSUPPORTED_ARCHITECTURE', 'gpt4'],
  ['no architecture', withMetadata('general.architecture', undefined), 'MISSING_FIELD', 'general.architecture'],
  ['experts', withMetadata('llama.expert_count', uint32(8)), 'UNSUPPORTED_ARCHITECTURE', 'expert'],
  ['unknown scaling', withMetadata('llama.rope.scaling.type', text('su')), 'UNSUPPORTED_ARCHITECTURE', 'su'],
  ['a billion layers', withMetadata('llama.block_count', uint32(1e9)), 'INVALID_VALUE', '1000000000'],
  ['no layers', withMetadata('llama.block_count', uint32(0)), 'INVALID_VALUE', '0'],
  ['a layer too many', withMetadata('llama.block_count', uint32(2)), 'MISSING_TENSOR', 'blk.1'],
  ['no heads', withMetadata('llama.attention.head_count', uint32(0)), 'INVALID_VALUE', '0'],
  ['heads that do not share evenly', withMetadata('llama.attention.head_count_kv', uint32(3)), 'INVALID_VALUE', '3'],
  ['heads of 258', withMetadata('llama.attention.key_length', uint32(258)), 'INVALID_VALUE', '258'],
  ['odd heads', withMetadata('llama.attention.key_length', uint32(15)), 'INVALID_VALUE', '15'],
  ['rope past the head', withMetadata('llama.rope.dimension_count', uint32(64)), 'INVALID_VALUE', '64'],
  ['another width', withMetadata('llama.embedding_length', uint32(64)), 'WRONG_SHAPE', '32'],
  ['a width in words', withMetadata('llama.embedding_length', text('wide')), 'WRONG_FIELD_TYPE', 'embedding_length'],
  [
    'an epsilon that is not a number',
    withMetadata('llama.attention.layer_norm_rms_epsilon', { type: GGUF_TYPE.float32, value: NaN }),
    'INVALID_VALUE',
    'NaN',
  ],
  ['no embedding', { ...good, tensors: good.tensors.slice(1) }, 'MISSING_TENSOR', 'token_embd'],
  ['a norm as Q8_0', withTensor('output_norm.weight', { type: 8 }), 'UNSUPPORTED_TENSOR_TYPE', 'Q8_0'],
  [
    'a bias that would be ignored',
    {
      ...good,
      tensors: [
        ...good.tensors,
        { name: 'blk.0.attn_output.bias', dimensions: [32], type: 0, bytes: new Uint8Array(128) },
      ],
    },
    'UNEXPECTED_TENSOR',
    'attn_output.bias',
  ],
];

/** Fails the test when anything asks for more than the file could back. */
function guarded(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  const memory = createMemorySource(bytes);
  return {
    ...memory,
    read: (offset, length) => {
      if (length > 4 * 1024 * 1024) throw new Error(`a read of ${length} bytes`);
      return memory.read(offset, length);
    },
  };
}

/** All that is read before anything is allocated for the model. */
async function planFile(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const file = await parseModelFile(guarded(bytes));
  planLlamaWeights(file, readLlamaConfig(file));
}

describe('a malformed model file', () => {
  it('loads when nothing is wrong with it', async () => {
    const model = await loadModel(await getTestDevice(), guarded(writeGguf(good)));
    expect(model.description.layerCount).toBe(1);
    model.destroy();
  });

  it.each(CASES)('is refused: %s', async (_title, file, code, mentions) => {
    const loading = loadModel(await getTestDevice(), guarded(writeGguf(file)));
    await expect(loading).rejects.toMatchObject({
      name: 'GgufError',
      code,
      message: expect.stringContaining(mentions),
    });
  });

  it('is refused wherever it is cut off', async () => {
    const bytes = writeGguf(good);
    const end = bytes.byteLength;
    const cuts = [0, 1, 3, 4, 7, 8, 15, 16, 23, ...Array.from({ length: 200 }, (_, index) => 24 + index * 37), end - 1];
    for (const cut of cuts.filter((length) => length < end)) {
      await expect(parseGguf(guarded(bytes.slice(0, cut))), `cut at ${cut}`).rejects.toMatchObject({
        name: 'GgufError',
        code: expect.stringMatching(/^(TRUNCATED|TENSOR_OUT_OF_RANGE)$/),
      });
    }
  });

  it('never does worse than a typed error when 20,000 of its copies have random bytes changed', async () => {
    const bytes = writeGguf(good);
    const headerBytes = bytes.byteLength - good.tensors.reduce((sum, { bytes: data }) => sum + data.byteLength, 0);
    const random = createRandom(99);
    const codes = new Map<string, number>();
    for (let round = 0; round < 20_000; round++) {
      const mutated = bytes.slice();
      for (let count = 1 + pick(random, 4); count > 0; count--) {
        const at = pick(random, headerBytes);
        mutated[at] = random() < 0.3 ? 0xff : pick(random, 256);
      }
      const outcome = await planFile(mutated).then(
        () => 'fine',
        (error: unknown) =>
          error instanceof Error && error.name === 'GgufError' && 'code' in error ? String(error.code) : String(error),
      );
      codes.set(outcome, (codes.get(outcome) ?? 0) + 1);
    }
    const known =
      /^(fine|NOT_GGUF|UNSUPPORTED_\w+|TRUNCATED|LIMIT_EXCEEDED|INVALID_VALUE|DUPLICATE_NAME|TENSOR_\w+|WRONG_\w+|MISSING_\w+|UNEXPECTED_TENSOR)$/;
    expect([...codes.keys()].filter((code) => !known.test(code))).toEqual([]);
    expect(codes.size).toBeGreaterThan(4);
  });
});
