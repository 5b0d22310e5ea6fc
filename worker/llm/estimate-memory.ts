import type { ByteSource } from '../byte-source.ts';
import { BufferLimitError, createCountingDevice, type AdapterCapabilities } from '../gpu/counting-device.ts';
import type { MemoryEstimate, MemoryRefusal } from '../messages.ts';
import { assembleModel, readModelHeader, type ModelHeader } from './assemble-model.ts';
import { presumeMatrices } from './kernels/prompt-matrices.ts';
import { LlmError } from './llm-error.ts';
import { checkOptions, type LoadOptions, matrixChoiceOf } from './load-options.ts';

/**
 * What `loadModel` with the same options would allocate on this adapter, to the byte, from the file's header alone: no weight is read
 * and nothing is allocated. All figures are bytes of GPU buffers; what a driver adds for itself is not known before.
 *
 * @throws GgufError for a file that is malformed or not supported, LlmError INVALID_PARAMETER
 */
export async function estimateMemory(
  adapter: AdapterCapabilities,
  source: ByteSource,
  options: LoadOptions = {},
): Promise<MemoryEstimate> {
  checkOptions(options);
  return countMemory(adapter, await readModelHeader(source), options);
}

/** The same for a header that has been read. */
export async function countMemory(
  adapter: AdapterCapabilities,
  header: ModelHeader,
  options: LoadOptions,
): Promise<MemoryEstimate> {
  try {
    const counted = await countLoad(adapter, header, options);
    return { ...counted, refusal: checkBudget(counted.peakBytes, options.budgetBytes) };
  } catch (error) {
    const refusal = readLimit(error);
    if (refusal === null) throw error;
    // The sizes as they would be if only the limits were wider: what is needed is said also where it is refused.
    const limits = new Proxy(adapter.limits, { get: () => Number.MAX_SAFE_INTEGER });
    return { ...(await countLoad({ limits, features: adapter.features }, header, options)), refusal };
  }
}

/** Loads the model on a device that only counts. */
async function countLoad(
  adapter: AdapterCapabilities,
  header: ModelHeader,
  options: LoadOptions,
): Promise<Omit<MemoryEstimate, 'refusal'>> {
  const { device, ledger } = createCountingDevice(adapter);
  const matrices = presumeMatrices(adapter.features, matrixChoiceOf(adapter.features, options));
  const { model, parts } = await assembleModel(device, header, emptySource(header), { ...options, matrices });
  const { liveBytes, peakBytes, largestBytes } = ledger.counts;
  model.destroy();
  const { weightsBytes, cacheBytes, activationsBytes, logitsBytes, cacheTokens } = parts;
  return {
    weightsBytes,
    cacheBytes,
    activationsBytes,
    logitsBytes,
    servingBytes: liveBytes - weightsBytes - cacheBytes - activationsBytes - logitsBytes,
    residentBytes: liveBytes,
    peakBytes,
    largestBufferBytes: largestBytes,
    cacheTokens,
    model: model.description,
  };
}

/** Zeros in place of the weights: one array serves all reads. */
function emptySource({ file }: ModelHeader): ByteSource {
  let zeros = new Uint8Array();
  const ends = [...file.tensors.values()].map(({ offsetBytes, sizeBytes }) => offsetBytes + sizeBytes);
  return {
    sizeBytes: Math.max(0, ...ends),
    read(_offsetBytes, lengthBytes) {
      if (zeros.length < lengthBytes) zeros = new Uint8Array(lengthBytes);
      return Promise.resolve(zeros.subarray(0, lengthBytes));
    },
    close: () => Promise.resolve(),
  };
}

function checkBudget(neededBytes: number, availableBytes: number | undefined): MemoryRefusal | null {
  if (availableBytes === undefined || neededBytes <= availableBytes) return null;
  return {
    code: 'OUT_OF_MEMORY',
    message: `the model takes ${neededBytes} bytes of GPU memory while it loads, but ${availableBytes} are available`,
    neededBytes,
    availableBytes,
  };
}

/** The numbers of an error that says which of the adapter's limits is too small; null for any other. */
function readLimit(error: unknown): MemoryRefusal | null {
  const isLimit = error instanceof BufferLimitError || (error instanceof LlmError && error.code === 'ADAPTER_LIMIT');
  if (!isLimit) return null;
  const { neededBytes, availableBytes } = error.data;
  if (typeof neededBytes !== 'number' || typeof availableBytes !== 'number') return null;
  return { code: 'ADAPTER_LIMIT', message: error.message, neededBytes, availableBytes };
}
