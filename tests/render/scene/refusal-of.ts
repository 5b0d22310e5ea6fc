import { expect } from 'vitest';
import { SceneError } from '../../../worker/render/scene/scene-error.ts';

/** The code and message with which a load is refused. */
export async function refusalOf(loading: Promise<unknown>): Promise<string> {
  const error: unknown = await loading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(SceneError);
  const { code, message } = error as SceneError;
  return `${code}: ${message}`;
}
