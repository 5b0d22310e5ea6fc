import { taskLimits, type TileRectangle } from '../../../protocol/tasks.ts';
import type { Offer } from '../../market/quote-choice.ts';
import { checkTask } from '../check-task.ts';
import { openChecker } from '../check/checker.ts';
import type { RequesterComponents } from '../components.ts';
import { createFilm } from '../image/index.ts';
import { ProviderRound } from '../provider-round.ts';
import { type Share, planJob } from '../plan-job.ts';
import { createSpending } from '../purchase/spending.ts';
import { RequesterError } from '../requester-error.ts';
import type { JobOptions, JobPlan, RenderOutcome, RenderRequest } from '../types.ts';
import { RenderJob, renderTaskFor } from './render-job.ts';
import { cutTiles, dealTiles } from './tile-pool.ts';

const defaultTileSidePixels = 64;
/** Times that the remaining tiles are offered to whoever is there, before the picture is given up. */
const maxRounds = 8;

/** Buys a picture from all providers at once; the tiles of a lost one go to the others. */
export async function requestRender(
  components: RequesterComponents,
  request: RenderRequest,
  options: JobOptions,
): Promise<RenderOutcome> {
  const signal = options.signal ?? new AbortController().signal;
  const onProgress = options.onProgress ?? (() => {});
  const round = new ProviderRound(components, options.provider);
  const spending = createSpending(options.limits ?? {});
  const { widthPixels, heightPixels, samplesPerPixel } = request;
  const tiles = cutPicture(request);
  const film = createFilm(widthPixels, heightPixels);
  const checker = await openChecker(components, request.sceneSha256, request.environmentSha256);
  const job = new RenderJob(components, { request, film, checker, round, spending, signal, onProgress });
  checkTask(job.taskFor({ tiles, firstSample: 0 }));
  job.giveBack([{ tiles, firstSample: 0 }]);
  try {
    for (let attempt = 0; attempt < maxRounds && !job.isComplete; attempt += 1) {
      const [first, ...others] = job.takeRemaining();
      if (first === undefined) break;
      job.giveBack(others);
      const { offers, refusals } = await round.offers(job.taskFor(first), signal);
      onProgress({ kind: 'quoted', providers: offers.length, refusals });
      if (offers.length === 0) break;
      const doneBefore = job.unitsDone;
      const hands = dealTiles(first.tiles, weights(offers));
      const lanes = offers.map(({ peer }, index) => {
        const hand = hands[index] ?? [];
        return job.lane(peer, hand.length === 0 ? null : { tiles: hand, firstSample: first.firstSample });
      });
      const failed = (await Promise.allSettled(lanes)).find((lane) => lane.status === 'rejected');
      signal.throwIfAborted();
      if (failed !== undefined) throw failed.reason;
      const obstacle = job.takeObstacle();
      // Nothing came, and it is our own doing: asking again would not help.
      if (obstacle !== null && job.unitsDone === doneBefore) {
        throw new RequesterError(obstacle.code, obstacle.message, { parts: job.parts });
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new RequesterError('CANCELLED', `cancelled after ${job.unitsDone} samples`, { parts: job.parts });
  } finally {
    await checker?.close();
  }
  if (job.isComplete) return { film, samplesPerPixel, parts: job.parts };
  const list = round.refusals.map(({ code, message }) => `${code}: ${message}`);
  throw new RequesterError(
    'NO_PROVIDER',
    `no provider finished the picture: ${job.unitsDone} samples arrived; ${list.length === 0 ? 'no provider is connected' : list.join('; ')}`,
    { parts: job.parts, refusals: round.refusals },
  );
}

/** The picture dealt out to everybody who offers. */
export function planRender(
  components: RequesterComponents,
  request: RenderRequest,
  options: Pick<JobOptions, 'signal' | 'provider'>,
): Promise<JobPlan> {
  const tiles = cutPicture(request);
  const taskOf = (some: readonly TileRectangle[]) => renderTaskFor(request, { tiles: some, firstSample: 0 });
  const task = taskOf(tiles);
  checkTask(task);
  return planJob(components, task, options, (offers) => {
    const hands = dealTiles(tiles, weights(offers));
    return offers.flatMap((offer, index): Share[] => {
      const hand = hands[index] ?? [];
      return hand.length === 0 ? [] : [{ offer, task: taskOf(hand) }];
    });
  });
}

/** @throws RequesterError BAD_REQUEST before anything is cut or allocated */
function cutPicture(request: RenderRequest): TileRectangle[] {
  const side = tileSide(request);
  checkSize(request);
  return cutTiles(request.widthPixels, request.heightPixels, side);
}

/** Providers that never ran this scene count as fast as the average of those that did. */
function weights(offers: readonly Offer[]): number[] {
  const rates = offers.map(({ quote }) => Number(quote.unitsPerThousandSeconds));
  const known = rates.filter((rate) => rate > 0);
  const average = known.length === 0 ? 1 : known.reduce((sum, rate) => sum + rate, 0) / known.length;
  return rates.map((rate) => (rate > 0 ? rate : average));
}

/** Larger than asked where the picture would have more tiles than a task may name. */
function tileSide(request: RenderRequest): number {
  const { widthPixels, heightPixels } = request;
  let side = request.tileSidePixels ?? defaultTileSidePixels;
  if (!Number.isInteger(side) || side < 1 || side > taskLimits.tileSidePixels) {
    throw new RequesterError('BAD_REQUEST', `tileSidePixels is ${side}, not 1 to ${taskLimits.tileSidePixels}`);
  }
  while (Math.ceil(widthPixels / side) * Math.ceil(heightPixels / side) > taskLimits.tiles) side *= 2;
  return Math.min(side, taskLimits.tileSidePixels);
}

function checkSize({ widthPixels, heightPixels, samplesPerPixel }: RenderRequest): void {
  const limits = [
    ['widthPixels', widthPixels, taskLimits.imageSidePixels],
    ['heightPixels', heightPixels, taskLimits.imageSidePixels],
    ['samplesPerPixel', samplesPerPixel, taskLimits.samplesPerPixel],
  ] as const;
  for (const [name, value, maximum] of limits) {
    if (!Number.isInteger(value) || value < 1 || value > maximum) {
      throw new RequesterError('BAD_REQUEST', `${name} is ${value}, not an integer from 1 to ${maximum}`);
    }
  }
}
