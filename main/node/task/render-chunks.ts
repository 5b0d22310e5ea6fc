import type { RenderTask, TileRectangle } from '../../../protocol/tasks.ts';
import { renderPayloadCodec } from '../../../protocol/wire/payload-codecs.ts';
import type { TileResult } from '../../../worker/messages.ts';
import { renderSettingsOf } from '../../requester/render/render-settings.ts';
import type { Chunk, ChunkSource, ChunkSourceComponents, ChunkSourceOptions } from './chunk-source.ts';
import { computeTimeoutMs, type LoadedInput } from './worker-inputs.ts';

/** One chunk aims at this much work: the owner's screen and a cancelled task wait no longer. */
const chunkMs = 1_000;

interface Pass {
  readonly tile: TileRectangle;
  readonly tileIndex: number;
  readonly firstSample: number;
  readonly sampleCount: number;
}

/** Passes over the task's tiles, one tile after the other; a pass that was lost with the worker is rendered again. */
export function createRenderChunks(
  task: RenderTask,
  components: ChunkSourceComponents,
  { chunkUnits, onActivity }: ChunkSourceOptions,
): ChunkSource {
  const { worker, inputs, rates, sliceTargetMs } = components;
  const strikes = { count: 0 };
  let scene: LoadedInput | null = null;
  let tileIndex = 0;
  let firstSample = task.firstSample;
  let planned: Pass | null = null;

  function planPass(limitUnits: bigint): Pass | null {
    const tile = task.tiles[tileIndex];
    if (tile === undefined) return null;
    const pixels = (tile.x1 - tile.x0) * (tile.y1 - tile.y0);
    const rate = rates.rate('render', task.sceneSha256);
    const byTime = rate === null ? 1 : Math.max(1, Math.floor((rate * chunkMs) / 1000 / pixels));
    const byAgreement = Math.max(1, Math.floor(Number(chunkUnits) / pixels));
    const left = task.samplesPerPixel - firstSample;
    const covered = limitUnits / BigInt(pixels);
    const sampleCount = Math.min(byTime, byAgreement, left, covered < left ? Number(covered) : left);
    return { tile, tileIndex, firstSample, sampleCount };
  }

  function render({ tile, firstSample, sampleCount }: Pass, signal: AbortSignal): Promise<TileResult> {
    return inputs.withRecovery(strikes, signal, async () => {
      try {
        if (scene === null) {
          onActivity(strikes.count === 0 ? 'loading' : 'recovering');
          scene = await inputs.scene(task, renderSettingsOf(task), signal);
        }
        onActivity('computing');
        const call = { sceneId: scene.id, tile, firstSample, sampleCount, sliceTargetMs: sliceTargetMs() };
        return await worker.call('render-tile', call, { signal, timeoutMs: computeTimeoutMs });
      } catch (error) {
        scene?.release();
        scene = null;
        throw error;
      }
    });
  }

  return {
    plan(limitUnits) {
      planned = planPass(limitUnits);
      if (planned === null) return null;
      const { tile, sampleCount } = planned;
      return BigInt(tile.x1 - tile.x0) * BigInt(tile.y1 - tile.y0) * BigInt(sampleCount);
    },
    async produce(signal): Promise<Chunk | null> {
      // What was covered is what is computed, also where the rate has moved since.
      const pass = planned;
      planned = null;
      if (pass === null) return null;
      const { tile, sampleCount } = pass;
      const result = await render(pass, signal);
      const units = BigInt(tile.x1 - tile.x0) * BigInt(tile.y1 - tile.y0) * BigInt(sampleCount);
      rates.note('render', task.sceneSha256, units, result.durationMs);
      firstSample += sampleCount;
      if (firstSample >= task.samplesPerPixel) {
        firstSample = task.firstSample;
        tileIndex += 1;
      }
      const payload = renderPayloadCodec.encode({
        tileIndex: pass.tileIndex,
        firstSample: pass.firstSample,
        sampleCount,
        sums: result.sums,
      });
      return { units, payload };
    },
    close() {
      scene?.release();
      scene = null;
      return Promise.resolve();
    },
  };
}
