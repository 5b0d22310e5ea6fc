import type { ByteSource } from '../byte-source.ts';
import type { RenderSettings } from '../messages.ts';
import { type RenderPace, type SceneRenderer, createSceneRenderer } from './scene-renderer.ts';
import { loadScene } from './scene/load-scene.ts';
import { checkSettings } from './settings.ts';

export type { RenderPace, SceneRenderer } from './scene-renderer.ts';
export { SceneError, type SceneErrorCode } from './scene/scene-error.ts';

/**
 * Loads a GLB, builds its tree and puts it on the GPU for an image of the given settings. Does not close the source.
 *
 * @throws SceneError when the scene is malformed, too large or uses what this renderer does not support, or when a
 *   setting is out of range.
 */
export async function openScene(
  device: GPUDevice,
  source: ByteSource,
  settings: RenderSettings,
  pace: RenderPace = {},
): Promise<SceneRenderer> {
  checkSettings(settings);
  return createSceneRenderer(device, await loadScene(source), settings, pace);
}
