import type { RenderSettings, Tile } from '../messages.ts';
import { SceneError } from './scene/scene-error.ts';

/** What an image may ask for. */
export const renderLimits = {
  sidePixels: 16_384,
  maxBounces: 64,
  /** Samples of one call; a longer render is several calls. */
  samplesPerCall: 65_536,
  /** Pixels of one call: 64 MiB of film. */
  pixelsPerCall: 4_194_304,
  sampleIndex: 2 ** 31,
} as const;

/** @throws SceneError naming the setting. */
export function checkSettings(settings: RenderSettings): void {
  checkInteger('settings.widthPixels', settings.widthPixels, 1, renderLimits.sidePixels);
  checkInteger('settings.heightPixels', settings.heightPixels, 1, renderLimits.sidePixels);
  checkInteger('settings.seed', settings.seed, 0, 0xffffffff);
  checkInteger('settings.maxBounces', settings.maxBounces, 0, renderLimits.maxBounces);
}

/** @throws SceneError when the tile is empty or leaves the image, or the samples leave their range. */
export function checkTile(tile: Tile, firstSample: number, sampleCount: number, settings: RenderSettings): void {
  checkInteger('tile.x0', tile.x0, 0, settings.widthPixels - 1);
  checkInteger('tile.y0', tile.y0, 0, settings.heightPixels - 1);
  checkInteger('tile.x1', tile.x1, tile.x0 + 1, settings.widthPixels);
  checkInteger('tile.y1', tile.y1, tile.y0 + 1, settings.heightPixels);
  checkInteger('tile area in pixels', (tile.x1 - tile.x0) * (tile.y1 - tile.y0), 1, renderLimits.pixelsPerCall);
  checkInteger('sampleCount', sampleCount, 1, renderLimits.samplesPerCall);
  checkInteger('firstSample', firstSample, 0, renderLimits.sampleIndex - sampleCount);
}

function checkInteger(field: string, value: number, minimum: number, maximum: number): void {
  if (Number.isSafeInteger(value) && value >= minimum && value <= maximum) return;
  throw new SceneError('invalid-setting', `${field} is ${value}; it must be an integer in ${minimum}..${maximum}`, {
    field,
    value: String(value),
    limit: `${minimum}..${maximum}`,
  });
}
