import type { ByteSource } from '../byte-source.ts';
import { type AdapterCapabilities, BufferLimitError, createCountingDevice } from '../gpu/counting-device.ts';
import type { RenderSettings, SceneEstimate, SceneRefusal } from '../messages.ts';
import { openScene } from './index.ts';
import { wavefrontBytes } from './kernels/path-trace-wavefront.ts';
import { SceneError } from './scene/scene-error.ts';

export interface EstimateOptions {
  readonly environment?: ByteSource;
  /** Of the largest tile that will be rendered. */
  readonly tilePixels: number;
  readonly budgetBytes?: number;
}

/**
 * What `openScene` with the same sources would allocate on this adapter, and what rendering adds, to the byte: the scene is read
 * and its tree built, on a device that only counts. A scene that cannot be opened at all is a refusal too.
 */
export async function estimateScene(
  adapter: AdapterCapabilities,
  source: ByteSource,
  settings: RenderSettings,
  { environment, tilePixels, budgetBytes }: EstimateOptions,
): Promise<SceneEstimate> {
  const { device, ledger } = createCountingDevice(adapter);
  try {
    const renderer = await openScene(device, source, settings, environment === undefined ? {} : { environment });
    const residentBytes = ledger.counts.liveBytes;
    const { description } = renderer;
    renderer.destroy();
    // The film of a tile and its way back, and the second driver, which long jobs bring in.
    const peakBytes = residentBytes + tilePixels * 32 + wavefrontBytes;
    const refusal = checkBudget(peakBytes, budgetBytes);
    return { residentBytes, peakBytes, scene: description, refusal };
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal === null) throw error;
    return { residentBytes: 0, peakBytes: 0, scene: null, refusal };
  }
}

function checkBudget(neededBytes: number, availableBytes: number | undefined): SceneRefusal | null {
  if (availableBytes === undefined || neededBytes <= availableBytes) return null;
  return {
    code: 'OUT_OF_MEMORY',
    message: `the scene takes ${neededBytes} bytes of GPU memory while it renders, but ${availableBytes} are available`,
    needed: neededBytes,
    available: availableBytes,
  };
}

/** Null for what is no fault of the scene. */
function refusalOf(error: unknown): SceneRefusal | null {
  if (error instanceof BufferLimitError) {
    const { neededBytes, availableBytes } = error.data;
    return { code: 'OUT_OF_MEMORY', message: error.message, ...numbers(neededBytes, availableBytes) };
  }
  if (!(error instanceof SceneError)) return null;
  const isLimit = error.code === 'limit-exceeded';
  return {
    code: isLimit ? 'OUT_OF_MEMORY' : 'BAD_SCENE',
    message: error.message,
    ...(isLimit ? numbers(error.data['value'], error.data['limit']) : {}),
  };
}

function numbers(needed: unknown, available: unknown): { needed?: number; available?: number } {
  return typeof needed === 'number' && typeof available === 'number' ? { needed, available } : {};
}
