import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { createMemorySource, joinSources } from '../../worker/byte-source.ts';
import { openNodeSource } from '../../worker/host/file-source.ts';
import { parseModelFile } from '../../worker/llm/gguf/split-gguf.ts';
import { loadModel } from '../../worker/llm/index.ts';
import { ARCHITECTURE_CASES } from '../fixtures/llm/architecture-cases.ts';
import { GGUF_TYPE, writeGguf, type GgufWriterFile } from '../fixtures/llm/gguf-writer.ts';
import { randomArchitecture } from '../fixtures/llm/random-architecture.ts';
import { getTestDevice } from '../gpu/test-device.ts';

// A software adapter on a busy machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

const options = ARCHITECTURE_CASES[0]?.options;
if (options === undefined) throw new Error('no cases');
const whole = randomArchitecture(options).file;

type Field = GgufWriterFile['metadata'][number];
const uint16 = (key: string, value: number): Field => [key, { type: GGUF_TYPE.uint16, value }];

/** The model in three files, as llama.cpp writes them: only the first has the metadata. */
function parts(
  change: (part: GgufWriterFile, index: number) => GgufWriterFile = (part) => part,
): Uint8Array<ArrayBuffer>[] {
  const { tensors } = whole;
  const cuts = [0, 5, 12, tensors.length];
  return [0, 1, 2].map((index) => {
    const fields: Field[] = [
      uint16('split.no', index),
      uint16('split.count', 3),
      ['split.tensors.count', { type: GGUF_TYPE.int32, value: tensors.length }],
    ];
    const metadata = [...(index === 0 ? whole.metadata : []), ...fields];
    return writeGguf(change({ metadata, tensors: tensors.slice(cuts[index], cuts[index + 1]) }, index));
  });
}

const bytesSource = (...values: number[]) => createMemorySource(Uint8Array.from(values));
const joined = (files: readonly Uint8Array<ArrayBuffer>[]) => joinSources(files.map(createMemorySource));

function withField(part: GgufWriterFile, [key, value]: Field): GgufWriterFile {
  return { ...part, metadata: [...part.metadata.filter(([name]) => name !== key), [key, value]] };
}

const REFUSED: readonly (readonly [title: string, files: Uint8Array<ArrayBuffer>[], code: string, mentions: string])[] =
  [
    ['one of its parts alone', parts().slice(0, 1), 'WRONG_PARTS', '3 parts'],
    ['a part too few', parts().slice(0, 2), 'WRONG_PARTS', '2 were given'],
    ['parts in another order', parts().toReversed(), 'WRONG_PARTS', 'part 3'],
    ['a part twice', [0, 1, 1].flatMap((index) => parts().slice(index, index + 1)), 'WRONG_PARTS', 'part 2'],
    [
      'a tensor in two parts',
      parts((part, index) =>
        index === 2 ? { ...part, tensors: [...part.tensors, ...whole.tensors.slice(0, 1)] } : part,
      ),
      'DUPLICATE_NAME',
      'token_embd',
    ],
    [
      'a tensor that reaches into the next part',
      parts((part, index) =>
        index === 0
          ? {
              ...part,
              tensors: part.tensors.map((tensor, at) => (at === 4 ? { ...tensor, offset: 1n << 16n } : tensor)),
            }
          : part,
      ),
      'TENSOR_OUT_OF_RANGE',
      'blk.0',
    ],
    [
      'another count of tensors',
      parts((part) => withField(part, uint16('split.tensors.count', 7))),
      'WRONG_PARTS',
      '7',
    ],
    [
      'a count of parts past the limit',
      parts((part) => withField(part, uint16('split.count', 60_000))),
      'INVALID_VALUE',
      '60000',
    ],
    [
      'a part of another version',
      parts((part, index) => ({ ...part, version: index === 1 ? 2 : 3 })),
      'WRONG_PARTS',
      '2',
    ],
  ];

describe('a model split into files', () => {
  it.each(REFUSED)('is refused: %s', async (_title, files, code, mentions) => {
    await expect(parseModelFile(joined(files))).rejects.toMatchObject({
      name: 'GgufError',
      code,
      message: expect.stringContaining(mentions),
    });
  });

  it('has the tensors of the whole, where its parts hold them', async () => {
    const source = joined(parts());
    const file = await parseModelFile(source);
    expect([...file.tensors.keys()]).toEqual(whole.tensors.map(({ name }) => name));
    for (const { name, bytes } of whole.tensors) {
      const { offsetBytes, sizeBytes } = file.tensors.get(name) ?? { offsetBytes: -1, sizeBytes: -1 };
      expect(await source.read(offsetBytes, sizeBytes)).toEqual(new Uint8Array(bytes));
    }
  });

  it('gives the logits of the whole when opened by the name of its first file', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hearth-split-'));
    try {
      parts().forEach((bytes, index) => writeFileSync(join(folder, `m-0000${index + 1}-of-00003.gguf`), bytes));
      const device = await getTestDevice();
      const source = await openNodeSource({ kind: 'file', path: join(folder, 'm-00001-of-00003.gguf') });
      const model = await loadModel(device, source);
      const single = await loadModel(device, createMemorySource(writeGguf(whole)));
      expect(await model.logits([1, 2, 3])).toEqual(await single.logits([1, 2, 3]));
      await source.close();
      model.destroy();
      single.destroy();
      rmSync(join(folder, 'm-00002-of-00003.gguf'));
      await expect(openNodeSource({ kind: 'file', path: join(folder, 'm-00001-of-00003.gguf') })).rejects.toMatchObject(
        { code: 'SOURCE_UNREADABLE', message: expect.stringContaining('m-00002-of-00003') },
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('reads across the seams of joined sources', async () => {
  const all = joinSources([bytesSource(1, 2), bytesSource(), bytesSource(3), bytesSource(4, 5, 6)]);
  expect([...(await all.read(1, 4))]).toEqual([2, 3, 4, 5]);
  expect([...(await all.read(3, 3))]).toEqual([4, 5, 6]);
  await expect(all.read(3, 4)).rejects.toThrow(RangeError);
});
