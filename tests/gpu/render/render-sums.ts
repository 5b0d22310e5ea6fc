import type { RenderSettings } from '../../../worker/messages.ts';
import type { SceneRenderer } from '../../../worker/render/scene-renderer.ts';

/** Renders the whole image in one call and returns the mean R, G, B of each pixel. */
export async function renderMeans(
  renderer: SceneRenderer,
  settings: Pick<RenderSettings, 'widthPixels' | 'heightPixels'>,
  samples: number,
): Promise<Float64Array> {
  const tile = { x0: 0, y0: 0, x1: settings.widthPixels, y1: settings.heightPixels };
  const sums = await renderer.renderTile(tile, 0, samples);
  const pixels = settings.widthPixels * settings.heightPixels;
  return Float64Array.from({ length: pixels * 3 }, (_, index) => {
    const sum = sums[Math.floor(index / 3) * 4 + (index % 3)] as number;
    return sum / samples;
  });
}
