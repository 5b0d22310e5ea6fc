import { type RenderTask, tileUnits } from '../../../protocol/tasks.ts';
import { renderPayloadCodec } from '../../../protocol/wire/payload-codecs.ts';
import type { TileResult } from '../../../worker/messages.ts';
import { AuditQueue } from '../check/audit-queue.ts';
import { BlockTally, sampleBlock } from '../check/check-block.ts';
import { pixelTolerance } from '../check/tolerance.ts';
import type { Checker } from '../check/checker.ts';
import { renderSettingsOf } from './render-settings.ts';
import { type Delivery, DeliveryError, type Finding } from '../purchase/delivery.ts';

export interface RenderDelivery extends Delivery {
  readonly passes: readonly TileResult[];
  /** By place in the task's tiles: samples that are there, counted from 0 of the whole picture. */
  readonly samplesDone: readonly number[];
}

/** What a film can add up exactly. */
const largestSum = 2 ** 39;

/** Every pass is looked at: its place, its size, its numbers; and a random block of it is rendered again. */
export function createRenderDelivery(options: {
  readonly task: RenderTask;
  readonly checker: Checker | null;
  /** Provider and buyer have adapters of one class: bytes must be equal. */
  readonly isSameClass: boolean;
  readonly signal: AbortSignal;
  readonly onPass: (pass: TileResult, samplesDone: number) => void;
}): RenderDelivery {
  const { task, checker, isSameClass, signal, onPass } = options;
  const audits = new AuditQueue();
  const tally = new BlockTally();
  const passes: TileResult[] = [];
  const samplesDone = task.tiles.map(() => task.firstSample);
  let tilesLeft = task.tiles.length;

  function audit(pass: TileResult, checking: Checker): void {
    const block = sampleBlock(pass);
    audits.add(async () => {
      const sceneId = await checking.scene(renderSettingsOf(task));
      return tally.check(checking, sceneId, block, { isSameClass, signal });
    });
  }

  return {
    passes,
    samplesDone,
    get fault() {
      return audits.fault;
    },
    accept(payload, units) {
      const { tileIndex, firstSample, sampleCount, sums } = renderPayloadCodec.decode(payload);
      const tile = task.tiles[tileIndex];
      const done = samplesDone[tileIndex];
      if (tile === undefined || done === undefined) throw new DeliveryError(`there is no tile ${tileIndex}`);
      if (firstSample !== done || firstSample + sampleCount > task.samplesPerPixel) {
        throw new DeliveryError(
          `samples ${firstSample}..${firstSample + sampleCount} of tile ${tileIndex} do not follow ${done} of ${task.samplesPerPixel}`,
        );
      }
      if (tileUnits(tile, sampleCount) !== units || sums.length !== (tile.x1 - tile.x0) * (tile.y1 - tile.y0) * 4) {
        throw new DeliveryError(`${units} units and ${sums.length} numbers are not one pass over tile ${tileIndex}`);
      }
      if (!sums.every((value) => value >= 0 && value <= largestSum)) {
        throw new DeliveryError(`tile ${tileIndex} holds a number outside 0..${largestSum}`);
      }
      const pass: TileResult = { tile, firstSample, sampleCount, sums, durationMs: 0 };
      passes.push(pass);
      samplesDone[tileIndex] = firstSample + sampleCount;
      if (firstSample + sampleCount === task.samplesPerPixel) tilesLeft -= 1;
      onPass(pass, firstSample + sampleCount);
      if (checker !== null) audit(pass, checker);
      return { isLast: tilesLeft === 0 };
    },
    async finish(): Promise<Finding> {
      await audits.settle();
      if (audits.fault !== null) return { verdict: 'rejected', detail: audits.fault };
      if (checker === null) return { verdict: 'accepted', detail: 'nothing here can render the scene again' };
      if (audits.failure !== null) return { verdict: 'accepted', detail: `could not be checked: ${audits.failure}` };
      const how = isSameClass ? 'byte by byte' : `within ${pixelTolerance}`;
      const detail = `${tally.pixels} pixels of ${audits.done} passes rendered again, ${tally.differing} differ (${how})`;
      return { verdict: passes.length === 0 ? 'accepted' : 'verified', detail };
    },
  };
}
