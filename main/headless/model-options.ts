import type { WorkerResult } from '../../worker/messages.ts';
import { UsageError } from './cli-errors.ts';
import { checkInputFile, nameFileInErrors } from './files.ts';
import type { GpuProcess } from './gpu-process.ts';
import { embeddedModelPath } from './project-files.ts';

export const modelOption = {
  kind: 'text',
  placeholder: 'F.gguf',
  summary: 'model file (default: the embedded tiny model)',
} as const;

/** One model is open at a time in these commands. */
export const modelId = 'model';

export function resolveModelPath(path: string | undefined): Promise<string> {
  return checkInputFile('--model', path ?? embeddedModelPath);
}

export function loadModelFile(gpu: GpuProcess, path: string, signal: AbortSignal): Promise<WorkerResult<'load-model'>> {
  return nameFileInErrors('--model', path, () =>
    gpu.worker.call('load-model', { modelId, source: { kind: 'file', path } }, { signal }),
  );
}

/** What the model would take on this adapter, without loading it. */
export function estimateModelFile(
  gpu: GpuProcess,
  path: string,
  signal: AbortSignal,
): Promise<WorkerResult<'estimate-model'>> {
  return nameFileInErrors('--model', path, () =>
    gpu.worker.call('estimate-model', { source: { kind: 'file', path } }, { signal }),
  );
}

/** Ids of `1,2,3`. @throws UsageError naming the part that is no token id. */
export function parseTokens(text: string): number[] {
  return text.split(',').map((part) => {
    const token = Number(part);
    if (/^\s*\d+\s*$/.test(part) && token <= 0xff_ff_ff_ff) return token;
    throw new UsageError('INVALID_VALUE', `--tokens takes ids such as 1,2,3; "${part.slice(0, 40)}" is not one`);
  });
}
