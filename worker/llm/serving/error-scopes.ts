import { LlmError } from '../llm-error.ts';

const FILTERS: readonly GPUErrorFilter[] = ['validation', 'internal', 'out-of-memory'];

/**
 * Runs `submit` (synchronous) with the device's errors caught. The answer rejects with GPU_ERROR or OUT_OF_MEMORY when it caused one:
 * what came of it may be wrong. Scopes are pushed and popped without an await between, because the stack belongs to everybody.
 */
export function watchErrors(device: GPUDevice, submit: () => void): Promise<void> {
  for (const filter of FILTERS) device.pushErrorScope(filter);
  let popped: Promise<(GPUError | null)[]>;
  try {
    submit();
  } finally {
    popped = Promise.all(FILTERS.map(() => device.popErrorScope()));
  }
  const watched = popped.then((errors) => {
    const index = errors.toReversed().findIndex((error) => error !== null);
    const message = errors.toReversed()[index]?.message;
    if (message === undefined) return;
    if (FILTERS[index] === 'out-of-memory') {
      throw new LlmError('OUT_OF_MEMORY', `the GPU has too little free memory: ${message}`);
    }
    throw new LlmError('GPU_ERROR', `the GPU reported an error, the result is dropped: ${message}`);
  });
  watched.catch(() => undefined);
  return watched;
}
