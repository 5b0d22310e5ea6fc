import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { describeAdapter, withGpu } from '../gpu-session.ts';
import { loadModelFile, modelOption, resolveModelPath } from '../model-options.ts';

export const llmInfoCommand = defineCommand({
  words: ['llm', 'info'],
  summary: 'Show what a model file holds, as the engine reads it',
  details: 'The model is loaded, so that what is shown can also be run.',
  options: { model: modelOption },
  async run(context, options) {
    const path = await resolveModelPath(options.model);
    return withGpu(context, async (gpu) => {
      const model = await loadModelFile(gpu, path, context.signal);
      const { output } = context;
      output.data({ ...model, adapter: describeAdapter(gpu) });
      const types = Object.entries(model.tensorTypes).map(([type, count]) => `${count} ${type}`);
      output.text(`${model.name}: ${model.architecture}, ${model.parameterCount} parameters`);
      output.text(
        `${model.layerCount} layers of ${model.embeddingLength}, ${model.headCount} heads over ${model.keyValueHeadCount}`,
      );
      output.text(`vocabulary ${model.vocabularySize}, context ${model.contextLength}`);
      output.text(`${model.weightBytes} bytes of weights: ${types.join(', ')}`);
      return exitCodes.done;
    });
  },
});
