import type { ModelLoadParameters, WorkerResult } from '../../worker/messages.ts';
import { UsageError } from './cli-errors.ts';
import { checkInputFile, nameFileInErrors } from './files.ts';
import type { GpuProcess } from './gpu-process.ts';
import { embeddedModelPath } from './project-files.ts';

export const modelOption = {
  kind: 'text',
  placeholder: 'F.gguf',
  summary: 'model file (default: the embedded tiny model)',
} as const;

const cacheTypes = ['f32', 'f16', 'q8_0'] as const satisfies readonly ModelLoadParameters['cacheType'][];

/** The options of commands that load a model to compute with it. */
export const modelOptions = {
  model: modelOption,
  cache: {
    kind: 'text',
    placeholder: cacheTypes.join('|'),
    summary: 'how keys and values are kept (default: f16 where the adapter computes with it, else f32)',
  },
} as const;

const vectorVariants = ['f32', 'int8'] as const satisfies readonly ModelLoadParameters['vectors'][];

/** How decoded tokens are multiplied, for commands that decode or show what was decoded. */
export const vectorsOption = {
  kind: 'text',
  placeholder: vectorVariants.join('|'),
  fallback: 'f32',
  summary: 'how decoded tokens are multiplied; int8: activations in eight bits, by integer dot products',
} as const;

/** One model is open at a time in these commands. */
export const modelId = 'model';

export function resolveModelPath(path: string | undefined): Promise<string> {
  return checkInputFile('--model', path ?? embeddedModelPath);
}

/** `cache` and `vectors` as given on the command line. */
export function loadModelFile(
  gpu: GpuProcess,
  path: string,
  signal: AbortSignal,
  cache?: ModelLoadParameters['cacheType'],
  vectors: NonNullable<ModelLoadParameters['vectors']> = 'f32',
): Promise<WorkerResult<'load-model'>> {
  const parameters = { modelId, source: { kind: 'file', path }, ...cacheParameter(cache), vectors } as const;
  return nameFileInErrors('--model', path, () => gpu.worker.call('load-model', parameters, { signal }));
}

/** What the model would take on this adapter, without loading it. */
export function estimateModelFile(
  gpu: GpuProcess,
  path: string,
  signal: AbortSignal,
  cache?: ModelLoadParameters['cacheType'],
): Promise<WorkerResult<'estimate-model'>> {
  const parameters = { source: { kind: 'file', path }, ...cacheParameter(cache) } as const;
  return nameFileInErrors('--model', path, () => gpu.worker.call('estimate-model', parameters, { signal }));
}

/** Of `--cache`. @throws UsageError naming what there is. */
export function parseCacheType(text: string | undefined): ModelLoadParameters['cacheType'] {
  const found = cacheTypes.find((type) => type === text);
  if (text === undefined || found !== undefined) return found;
  throw new UsageError(
    'INVALID_VALUE',
    `--cache takes ${cacheTypes.join(', ')}; "${text.slice(0, 40)}" is none of them`,
  );
}

/** Of `--vectors`. @throws UsageError naming what there is. */
export function parseVectors(text: string): NonNullable<ModelLoadParameters['vectors']> {
  const found = vectorVariants.find((variant) => variant === text);
  if (found !== undefined) return found;
  throw new UsageError(
    'INVALID_VALUE',
    `--vectors takes ${vectorVariants.join(', ')}; "${text.slice(0, 40)}" is none of them`,
  );
}

function cacheParameter(cacheType: ModelLoadParameters['cacheType']): Pick<ModelLoadParameters, 'cacheType'> {
  return cacheType === undefined ? {} : { cacheType };
}

/** Ids of `1,2,3`. @throws UsageError naming the part that is no token id. */
export function parseTokens(text: string): number[] {
  return text.split(',').map((part) => {
    const token = Number(part);
    if (/^\s*\d+\s*$/.test(part) && token <= 0xff_ff_ff_ff) return token;
    throw new UsageError('INVALID_VALUE', `--tokens takes ids such as 1,2,3; "${part.slice(0, 40)}" is not one`);
  });
}
