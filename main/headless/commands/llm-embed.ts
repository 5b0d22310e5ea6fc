import { exitCodes, UsageError } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { describeAdapter, withGpu } from '../gpu-session.ts';
import { loadModelFile, modelId, modelOptions, parseCacheType, resolveModelPath } from '../model-options.ts';

export const llmEmbedCommand = defineCommand({
  words: ['llm', 'embed'],
  summary: 'Turn a text into a vector of length 1',
  details: 'Hidden states after the final norm: their mean, that of the last token, or that of the first (cls).',
  options: {
    ...modelOptions,
    text: { kind: 'text', placeholder: 'S', required: true, summary: 'text to embed' },
    pooling: { kind: 'text', placeholder: 'mean|last|cls', fallback: 'mean', summary: 'which tokens count' },
  },
  async run(context, options) {
    const cache = parseCacheType(options.cache);
    const { pooling } = options;
    if (pooling !== 'mean' && pooling !== 'last' && pooling !== 'cls') {
      throw new UsageError(
        'INVALID_VALUE',
        `--pooling takes mean, last or cls; "${pooling.slice(0, 40)}" is none of them`,
      );
    }
    const path = await resolveModelPath(options.model);
    return withGpu(context, async (gpu) => {
      const { signal, output } = context;
      const model = await loadModelFile(gpu, path, signal, cache);
      const { tokens } = await gpu.worker.call('tokenize', { modelId, text: options.text, addBos: true }, { signal });
      const { embedding } = await gpu.worker.call('embed', { modelId, tokens, pooling }, { signal });
      const values = [...embedding];
      output.data({
        embedding: values,
        tokens: tokens.length,
        pooling,
        model: model.name,
        adapter: describeAdapter(gpu),
      });
      output.text(values.map((value) => value.toFixed(6)).join(' '));
      return exitCodes.done;
    });
  },
});
