/** Samples per second of a scene: grows the work until one call takes long enough to be measured. */
import type { Tile } from '../../../worker/messages.ts';
import { nameFileInErrors } from '../files.ts';
import type { GpuProcess } from '../gpu-process.ts';

const sceneId = 'bench';
const picturePixels = 512;
const enoughMs = 500;
/** A slow adapter gets a smaller tile, so that the first sample does not take minutes. */
const slowSamplesPerSecond = 200_000;
const mostSamples = 1024;

export interface RenderRate {
  readonly scene: string;
  readonly triangleCount: number;
  readonly tilePixels: number;
  readonly samplesPerPixel: number;
  readonly samplesPerSecond: number;
}

export async function measureRender(
  { worker }: GpuProcess,
  path: string,
  name: string,
  signal: AbortSignal,
): Promise<RenderRate> {
  const settings = { widthPixels: picturePixels, heightPixels: picturePixels, seed: 1, maxBounces: 8 };
  const source = { kind: 'file', path } as const;
  const { triangleCount } = await nameFileInErrors('scene', path, () =>
    worker.call('load-scene', { sceneId, source, settings }, { signal }),
  );
  const time = async (tile: Tile, sampleCount: number): Promise<number> => {
    const { durationMs } = await worker.call('render-tile', { sceneId, tile, firstSample: 0, sampleCount }, { signal });
    return durationMs;
  };
  try {
    // The first call compiles; the second one tells how fast this adapter is.
    await time(centred(64), 1);
    const rehearsalMs = await time(centred(64), 1);
    const isSlow = (64 * 64 * 1000) / rehearsalMs < slowSamplesPerSecond;
    const sidePixels = isSlow ? 128 : picturePixels;
    let samplesPerPixel = 1;
    let elapsedMs = await time(centred(sidePixels), samplesPerPixel);
    while (elapsedMs < enoughMs && samplesPerPixel < mostSamples) {
      samplesPerPixel *= elapsedMs < enoughMs / 8 ? 4 : 2;
      elapsedMs = await time(centred(sidePixels), samplesPerPixel);
    }
    const tilePixels = sidePixels * sidePixels;
    const samplesPerSecond = (tilePixels * samplesPerPixel * 1000) / elapsedMs;
    return { scene: name, triangleCount, tilePixels, samplesPerPixel, samplesPerSecond };
  } finally {
    await worker.call('unload-scene', { sceneId });
  }
}

function centred(sidePixels: number): Tile {
  const from = (picturePixels - sidePixels) / 2;
  return { x0: from, y0: from, x1: from + sidePixels, y1: from + sidePixels };
}
