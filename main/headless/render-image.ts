/** The tile loop of `hearth render`: passes over all tiles, so that progress is even and a long render shows early. */
import type { RenderSettings, SceneDescription, Tile } from '../../worker/messages.ts';
import { type Film, type GuideFilm, createFilm, createGuideFilm } from '../requester/image/index.ts';
import { nameFileInErrors } from './files.ts';
import type { GpuProcess } from './gpu-process.ts';
import type { Output } from './output.ts';
import { smoothFilm } from './smooth-film.ts';

const tileSidePixels = 128;
/** Bounds one call on a slow adapter; the worker splits it further where the desktop has to stay fluid. */
const samplesPerCall = 16;
const reportEveryMs = 1_000;
const sceneId = 'scene';

export interface RenderImageOptions {
  readonly gpu: GpuProcess;
  readonly scenePath: string;
  readonly environmentPath?: string | undefined;
  readonly settings: RenderSettings;
  readonly samples: number;
  /** Also what the samples meet first; a smoothed picture has them anyway. */
  readonly withGuides?: boolean;
  readonly smooths?: boolean;
  readonly signal: AbortSignal;
  readonly output: Output;
}

export interface RenderedImage {
  readonly film: Film;
  readonly guides: GuideFilm | undefined;
  readonly scene: SceneDescription;
  readonly renderMs: number;
  readonly samplesPerSecond: number;
}

export async function renderImage(options: RenderImageOptions): Promise<RenderedImage> {
  const { gpu, scenePath, environmentPath, settings, samples, signal, output } = options;
  const { widthPixels, heightPixels } = settings;
  const source = { kind: 'file', path: scenePath } as const;
  const environment =
    environmentPath === undefined ? {} : { environment: { kind: 'file', path: environmentPath } as const };
  const scene = await nameFileInErrors(
    '--scene',
    scenePath,
    () => gpu.worker.call('load-scene', { sceneId, source, settings, ...environment }, { signal }),
    environmentPath === undefined ? undefined : { word: 'environment', option: '--environment', path: environmentPath },
  );
  const film = createFilm(widthPixels, heightPixels);
  const guides =
    options.withGuides === true || options.smooths === true ? createGuideFilm(widthPixels, heightPixels) : undefined;
  const tiles = splitTiles(widthPixels, heightPixels);
  const totalSamples = widthPixels * heightPixels * samples;
  const started = performance.now();
  let reportedMs = started;
  let doneSamples = 0;
  for (let firstSample = 0; firstSample < samples; firstSample += samplesPerCall) {
    const sampleCount = Math.min(samplesPerCall, samples - firstSample);
    for (const tile of tiles) {
      const result = await gpu.worker.call('render-tile', { sceneId, tile, firstSample, sampleCount }, { signal });
      film.add(result);
      if (guides !== undefined)
        guides.add(await gpu.worker.call('render-guides', { sceneId, tile, firstSample, sampleCount }, { signal }));
      doneSamples += (tile.x1 - tile.x0) * (tile.y1 - tile.y0) * sampleCount;
      if (performance.now() - reportedMs < reportEveryMs && doneSamples < totalSamples) continue;
      reportedMs = performance.now();
      output.data({ event: 'progress', done: doneSamples, total: totalSamples });
      output.log(`${Math.floor((100 * doneSamples) / totalSamples)} %`);
    }
  }
  const renderMs = performance.now() - started;
  await gpu.worker.call('unload-scene', { sceneId }, { signal });
  if (options.smooths === true && guides !== undefined) {
    const smooth = await smoothFilm(film, guides, gpu.worker, signal);
    return { film: smooth, guides, scene, renderMs, samplesPerSecond: (totalSamples * 1000) / renderMs };
  }
  return { film, guides, scene, renderMs, samplesPerSecond: (totalSamples * 1000) / renderMs };
}

export function splitTiles(widthPixels: number, heightPixels: number): Tile[] {
  const tiles: Tile[] = [];
  for (let y0 = 0; y0 < heightPixels; y0 += tileSidePixels) {
    for (let x0 = 0; x0 < widthPixels; x0 += tileSidePixels) {
      tiles.push({
        x0,
        y0,
        x1: Math.min(x0 + tileSidePixels, widthPixels),
        y1: Math.min(y0 + tileSidePixels, heightPixels),
      });
    }
  }
  return tiles;
}
