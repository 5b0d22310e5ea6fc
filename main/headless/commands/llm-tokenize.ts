import { exitCodes } from '../cli-errors.ts';
import { type CommandContext, defineCommand } from '../command-definition.ts';
import { withGpu } from '../gpu-session.ts';
import { loadModelFile, modelId, modelOption, resolveModelPath } from '../model-options.ts';
import { GpuWorkerError } from '../../node/gpu-worker.ts';

export const llmTokenizeCommand = defineCommand({
  words: ['llm', 'tokenize'],
  summary: 'Show the token ids of a text',
  details:
    'Nothing is computed on the GPU, so without a real one the software adapter serves, and says so. No BOS is added unless asked.',
  options: {
    model: modelOption,
    text: { kind: 'text', placeholder: 'S', required: true, summary: 'text to tokenize' },
    bos: { kind: 'flag', summary: 'put the BOS token first' },
  },
  async run(context, options) {
    const path = await resolveModelPath(options.model);
    const tokenize = (chosen: CommandContext) =>
      withGpu(chosen, async (gpu) => {
        await loadModelFile(gpu, path, context.signal);
        return gpu.worker.call(
          'tokenize',
          { modelId, text: options.text, addBos: options.bos },
          { signal: context.signal },
        );
      });
    const { tokens } = await tokenize(context).catch((error: unknown) => {
      const hasNoGpu =
        error instanceof GpuWorkerError && (error.code === 'NO_ADAPTER' || error.code === 'SOFTWARE_ONLY');
      if (!hasNoGpu || context.adapter !== 'real') throw error;
      return tokenize({ ...context, adapter: 'software' });
    });
    context.output.data({ tokens });
    context.output.text(tokens.join(','));
    return exitCodes.done;
  },
});
