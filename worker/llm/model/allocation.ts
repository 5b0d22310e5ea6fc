import { LlmError } from '../llm-error.ts';

/**
 * Runs `allocate` (synchronous) inside an out-of-memory scope.
 *
 * @throws LlmError OUT_OF_MEMORY, after `discard` freed what came back.
 */
export async function allocateOrFail<T>(
  device: GPUDevice,
  what: string,
  allocate: () => T,
  discard: (value: T) => void,
): Promise<T> {
  // Pushed and popped without an await between: scopes are a stack shared by everybody on the device.
  device.pushErrorScope('out-of-memory');
  const value = allocate();
  const error = await device.popErrorScope();
  if (error !== null) {
    discard(value);
    throw new LlmError('OUT_OF_MEMORY', `the adapter has no memory left for ${what}: ${error.message}`, {
      data: { what },
    });
  }
  return value;
}
