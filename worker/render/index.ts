import type { ByteSource } from '../byte-source.ts';
import type { RenderSettings } from '../messages.ts';
import { type RenderPace, type SceneRenderer, createSceneRenderer } from './scene-renderer.ts';
import { loadScene } from './scene/load-scene.ts';
import { loadEnvironment } from './environment/environment-map.ts';
import { checkSettings } from './settings.ts';

export type { RenderPace, SceneRenderer } from './scene-renderer.ts';
export { SceneError, type SceneErrorCode } from './scene/scene-error.ts';

/**
 * Loads a GLB and, when given, its environment (.hdr or .exr, in place of the scene's background), builds its tree and
 * puts it on the GPU for an image of the given settings. Does not close the sources.
 *
 * @throws SceneError when the scene is malformed, too large or uses what this renderer does not support, or when a
 *   setting is out of range.
 */
export async function openScene(
  device: GPUDevice,
  source: ByteSource,
  settings: RenderSettings,
  options: RenderPace & { readonly environment?: ByteSource } = {},
): Promise<SceneRenderer> {
  checkSettings(settings);
  const { environment, ...pace } = options;
  const scene = await loadScene(source, settings.view);
  if (environment === undefined) return createSceneRenderer(device, scene, settings, pace);
  return createSceneRenderer(device, scene, settings, { ...pace, environment: await loadEnvironment(environment) });
}
