import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { describeAdapter, withGpu } from '../gpu-session.ts';
import { estimateModelFile, modelOptions, parseCacheType, resolveModelPath } from '../model-options.ts';

export const llmInfoCommand = defineCommand({
  words: ['llm', 'info'],
  summary: 'Show what a model file holds, as the engine reads it',
  details:
    'From the header of the file: no weight is read. The memory is what loading takes on this adapter, to the byte;\nexit status 3 where it does not fit.',
  options: modelOptions,
  async run(context, options) {
    const cache = parseCacheType(options.cache);
    const path = await resolveModelPath(options.model);
    return withGpu(context, async (gpu) => {
      const { model, refusal, ...memory } = await estimateModelFile(gpu, path, context.signal, cache);
      const { output } = context;
      output.data({ ...model, memory, refusal, adapter: describeAdapter(gpu) });
      const types = Object.entries(model.tensorTypes).map(([type, count]) => `${count} ${type}`);
      output.text(`${model.name}: ${model.architecture}, ${model.parameterCount} parameters`);
      output.text(
        `${model.layerCount} layers of ${model.embeddingLength}, ${model.headCount} heads over ${model.keyValueHeadCount}`,
      );
      output.text(
        `vocabulary ${model.vocabularySize}, context ${model.contextLength}, its keys and values in ${model.cacheType}`,
      );
      output.text(`${model.weightBytes} bytes of weights: ${types.join(', ')}`);
      output.text(
        `${memory.residentBytes} bytes of GPU memory: weights ${memory.weightsBytes}, cache of ${memory.cacheTokens} positions ${memory.cacheBytes}, activations ${memory.activationsBytes}, logits ${memory.logitsBytes}, serving ${memory.servingBytes}; ${memory.peakBytes} while it loads`,
      );
      if (refusal === null) return exitCodes.done;
      output.log(`${refusal.code}: ${refusal.message}`);
      return exitCodes.refused;
    });
  },
});
