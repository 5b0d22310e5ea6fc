import type { ByteSource } from '../byte-source.ts';
import { assembleModel, readModelHeader } from './assemble-model.ts';
import { countMemory } from './estimate-memory.ts';
import { checkIntegerDot } from './kernels/integer-dot.ts';
import { chooseMatrices } from './kernels/prompt-matrices.ts';
import type { LanguageModel } from './language-model.ts';
import { LlmError } from './llm-error.ts';
import { checkOptions, type LoadOptions, matrixChoiceOf } from './load-options.ts';

/**
 * Reads a GGUF file onto the GPU, 4 MiB at a time. The source may be closed when this resolves. What does not fit is refused with the
 * numbers of `estimateMemory` before a byte is allocated or a weight is read.
 *
 * @throws GgufError for a file that is malformed or not supported, LlmError OUT_OF_MEMORY, ADAPTER_LIMIT or INVALID_PARAMETER
 */
export async function loadModel(
  device: GPUDevice,
  source: ByteSource,
  options: LoadOptions = {},
): Promise<LanguageModel> {
  checkOptions(options);
  const header = await readModelHeader(source);
  if (options.vectors === 'int8') await checkIntegerDot(device);
  const matrices = await chooseMatrices(device, matrixChoiceOf(device.features, options));
  const { refusal } = await countMemory(device, header, { ...options, matrices: matrices.variant });
  if (refusal !== null) {
    const { code, message, neededBytes, availableBytes } = refusal;
    throw new LlmError(code, message, { data: { neededBytes, availableBytes } });
  }
  return (await assembleModel(device, header, source, { ...options, matrices })).model;
}
