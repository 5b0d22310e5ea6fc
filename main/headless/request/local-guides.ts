import type { RenderSettings } from '../../../worker/messages.ts';
import type { GpuWorker } from '../../node/gpu-worker.ts';
import { createGuideFilm, type GuideFilm } from '../../requester/image/index.ts';
import { splitTiles } from '../render-image.ts';

/** Guides are what samples meet first: a few of them show it as well as many. */
const guideSamples = 16;
const sceneId = 'guides';

/** What guides the smoothing of a bought picture. Providers sell light alone; this is a little work of the own adapter. */
export async function renderLocalGuides(
  worker: Pick<GpuWorker, 'call'>,
  scene: { readonly path: string; readonly environmentPath?: string | undefined; readonly settings: RenderSettings },
  samples: number,
  signal: AbortSignal,
): Promise<GuideFilm> {
  const { path, environmentPath, settings } = scene;
  const { widthPixels, heightPixels } = settings;
  const environment =
    environmentPath === undefined ? {} : { environment: { kind: 'file', path: environmentPath } as const };
  const source = { kind: 'file', path } as const;
  await worker.call('load-scene', { sceneId, source, settings, ...environment }, { signal });
  try {
    const guides = createGuideFilm(widthPixels, heightPixels);
    const sampleCount = Math.min(samples, guideSamples);
    for (const tile of splitTiles(widthPixels, heightPixels)) {
      guides.add(await worker.call('render-guides', { sceneId, tile, firstSample: 0, sampleCount }, { signal }));
    }
    return guides;
  } finally {
    // A worker that is gone has nothing to give back, and what went wrong has been thrown.
    await worker.call('unload-scene', { sceneId }).catch(() => {});
  }
}
