import type { RenderTask } from '../../../protocol/tasks.ts';
import type { RenderSettings, SceneView } from '../../../worker/messages.ts';

/** What the GPU worker loads a task's scene with: the same for whoever sells it and whoever checks it. */
export function renderSettingsOf(task: RenderTask): RenderSettings {
  const { widthPixels, heightPixels, seed, maxBounces } = task;
  return { widthPixels, heightPixels, seed, maxBounces, view: viewOf(task) };
}

function viewOf({ camera, animation }: RenderTask): SceneView {
  return {
    ...(camera === undefined ? {} : { camera }),
    ...(animation === undefined
      ? {}
      : { animation: animation.name, timeSeconds: animation.timeMicroseconds / 1_000_000 }),
  };
}
