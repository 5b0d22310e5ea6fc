import { endianness } from 'node:os';
import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { prepareOutputFile, writeOutputFile } from '../files.ts';
import { describeAdapter, withGpu } from '../gpu-session.ts';
import {
  loadModelFile,
  modelId,
  modelOptions,
  parseTokens,
  parseCacheType,
  parseVectors,
  resolveModelPath,
  vectorsOption,
} from '../model-options.ts';

export const llmLogitsCommand = defineCommand({
  words: ['llm', 'logits'],
  summary: 'Write the logits after every given token',
  details:
    'The file is row-major [tokens][vocabulary], little-endian float32. Tokens are taken as given: no BOS is added.',
  options: {
    ...modelOptions,
    vectors: vectorsOption,
    tokens: { kind: 'text', placeholder: '1,2,3', required: true, summary: 'token ids' },
    out: { kind: 'text', placeholder: 'F.f32', required: true, summary: 'file to write' },
  },
  async run(context, options) {
    const cache = parseCacheType(options.cache);
    const vectors = parseVectors(options.vectors);
    const tokens = parseTokens(options.tokens);
    const [modelPath, outPath] = await Promise.all([
      resolveModelPath(options.model),
      prepareOutputFile('--out', options.out),
    ]);
    return withGpu(context, async (gpu) => {
      const { signal, output } = context;
      const model = await loadModelFile(gpu, modelPath, signal, cache, vectors);
      const { logits, vocabularySize } = await gpu.worker.call('logits', { modelId, tokens }, { signal });
      await writeOutputFile('--out', outPath, toLittleEndian(logits));
      output.data({
        out: outPath,
        tokens: tokens.length,
        vocabularySize,
        model: model.name,
        adapter: describeAdapter(gpu),
      });
      output.text(`Wrote ${tokens.length} x ${vocabularySize} float32 to ${outPath}`);
      return exitCodes.done;
    });
  },
});

function toLittleEndian(values: Float32Array<ArrayBuffer>): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return endianness() === 'LE' ? bytes : bytes.swap32();
}
