import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
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

export const llmScoreCommand = defineCommand({
  words: ['llm', 'score'],
  summary: 'Show how likely a model finds given tokens',
  details:
    'One natural logarithm for each token but the first: of its probability after those before it, at temperature 1. Tokens are taken as given: no BOS is added.',
  options: {
    ...modelOptions,
    vectors: vectorsOption,
    tokens: { kind: 'text', placeholder: '1,2,3', required: true, summary: 'token ids' },
  },
  async run(context, options) {
    const cache = parseCacheType(options.cache);
    const vectors = parseVectors(options.vectors);
    const tokens = parseTokens(options.tokens);
    const path = await resolveModelPath(options.model);
    return withGpu(context, async (gpu) => {
      const { signal, output } = context;
      const model = await loadModelFile(gpu, path, signal, cache, vectors);
      const { logProbabilities } = await gpu.worker.call('score', { modelId, tokens }, { signal });
      const values = [...logProbabilities];
      const total = values.reduce((sum, value) => sum + value, 0);
      const perplexity = values.length === 0 ? 1 : Math.exp(-total / values.length);
      output.data({
        tokens,
        logProbabilities: values,
        total,
        perplexity,
        model: model.name,
        adapter: describeAdapter(gpu),
      });
      values.forEach((value, index) => output.text(`${tokens[index + 1]}\t${value.toFixed(6)}`));
      output.text(`total ${total.toFixed(6)}, perplexity ${perplexity.toFixed(4)}`);
      return exitCodes.done;
    });
  },
});
