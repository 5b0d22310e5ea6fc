/** The embedded model with every tensor as F32, and with another pre-tokenizer where asked, written to a temporary file. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const checkout = process.env['HEARTH'] ?? join(import.meta.dirname, '../..');

const load = <T>(path: string): Promise<T> => import(pathToFileURL(join(checkout, path)).href) as Promise<T>;

type Parser = typeof import('../../worker/llm/gguf/parse-gguf.ts');
type Memory = typeof import('../../worker/byte-source.ts');
type Writer = typeof import('../../tests/fixtures/llm/gguf-writer.ts');
type Dequantiser = typeof import('../../tests/gpu/reference/dequantise.ts');
type WriterValue = import('../../tests/fixtures/llm/gguf-writer.ts').GgufWriterValue;
type TypeName = import('../../tests/gpu/reference/dequantise.ts').GgmlTypeName;

export async function writeDequantisedModel(preTokenizer?: string): Promise<string> {
  const { parseGguf } = await load<Parser>('worker/llm/gguf/parse-gguf.ts');
  const { createMemorySource } = await load<Memory>('worker/byte-source.ts');
  const { writeGguf, GGUF_TYPE } = await load<Writer>('tests/fixtures/llm/gguf-writer.ts');
  const { dequantise } = await load<Dequantiser>('tests/gpu/reference/dequantise.ts');
  const bytes = new Uint8Array(readFileSync(join(checkout, 'assets/hearth-tiny-q8_0.gguf')));
  const file = await parseGguf(createMemorySource(bytes));
  const typeId = (name: string) => GGUF_TYPE[name as keyof typeof GGUF_TYPE];
  const metadata = file.metadata.keys().map((key): readonly [string, WriterValue] => {
    const entry = file.metadata.entry(key);
    if (entry === undefined) throw new Error(`${key} is gone`);
    if ('values' in entry) return [key, { elementType: typeId(entry.elementType), values: entry.values }];
    const isPre = key === 'tokenizer.ggml.pre' && preTokenizer !== undefined;
    return [key, { type: typeId(entry.type), value: isPre ? preTokenizer : entry.value }];
  });
  const tensors = [...file.tensors.values()].map((tensor) => {
    const raw = bytes.subarray(tensor.offsetBytes, tensor.offsetBytes + tensor.sizeBytes);
    const values = Float32Array.from(dequantise(tensor.type.name as TypeName, raw, tensor.elementCount));
    return { name: tensor.name, dimensions: tensor.dimensions, type: 0, bytes: new Uint8Array(values.buffer) };
  });
  const path = join(mkdtempSync(join(tmpdir(), 'hearth-oracle-')), `f32-${preTokenizer ?? 'same'}.gguf`);
  writeFileSync(path, writeGguf({ metadata, tensors }));
  return path;
}
