import { errorText } from '../../../protocol/errors.ts';
import { sha256Hex } from '../../../protocol/hashing/sha256.ts';
import { hashTask } from '../../../protocol/hashing/task-hash.ts';
import { type Task, taskLimits, taskUnits, type TileRectangle } from '../../../protocol/tasks.ts';
import type { Offer } from '../../market/quote-choice.ts';
import type { KeptPasses } from '../../store/unfinished-pictures.ts';
import { checkTask } from '../check-task.ts';
import { openChecker } from '../check/checker.ts';
import type { RequesterComponents } from '../components.ts';
import { createFilm } from '../image/index.ts';
import { ProviderRound } from '../provider-round.ts';
import { type Share, planJob } from '../plan-job.ts';
import { createSpending } from '../purchase/spending.ts';
import { RequesterError } from '../requester-error.ts';
import type { JobOptions, JobPlan, RenderOutcome, RenderRequest } from '../types.ts';
import { followedPasses } from './earlier-passes.ts';
import { RenderJob, renderTaskFor } from './render-job.ts';
import { cutTiles, dealTiles, type TileBatch } from './tile-pool.ts';

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
  checkTask(renderTaskFor(request, { tiles, firstSample: 0 }));
  const kept = await openKept(components, request, tiles);
  const job = new RenderJob(components, { request, film, checker, kept, round, spending, signal, onProgress });
  try {
    await job.goOn(tiles);
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
    await kept?.close();
  }
  const forget = async (): Promise<void> => kept?.remove();
  if (job.isComplete) return { film, samplesPerPixel, parts: job.parts, forget };
  const list = round.refusals.map(({ code, message }) => `${code}: ${message}`);
  throw new RequesterError(
    'NO_PROVIDER',
    `no provider finished the picture: ${job.unitsDone} samples arrived; ${list.length === 0 ? 'no provider is connected' : list.join('; ')}`,
    { parts: job.parts, refusals: round.refusals },
  );
}

/** What is left of the picture, dealt out to everybody who offers. */
export async function planRender(
  components: RequesterComponents,
  request: RenderRequest,
  options: Pick<JobOptions, 'signal' | 'provider'>,
): Promise<JobPlan> {
  const tiles = cutPicture(request);
  const taskOf = (batch: TileBatch) => renderTaskFor(request, batch);
  const whole = taskOf({ tiles, firstSample: 0 });
  checkTask(whole);
  const kept = await openKept(components, request, tiles);
  const { remaining } = followedPasses(tiles, request.samplesPerPixel, kept?.passes ?? []);
  await kept?.close();
  const unitsLeft = remaining.reduce((sum, batch) => sum + taskUnits(taskOf(batch)), 0n);
  const unitsKept = taskUnits(whole) - unitsLeft;
  const [first] = remaining;
  if (first === undefined) return { parts: [], unitsKept, unitsLeft, price: 0n, deposit: 0n, refusals: [] };
  const plan = await planJob(components, taskOf(first), options, (offers) => {
    const tasks = offers.map((): Task[] => []);
    for (const { tiles: some, firstSample } of remaining) {
      for (const [index, hand] of dealTiles(some, weights(offers)).entries()) {
        if (hand.length > 0) tasks[index]?.push(taskOf({ tiles: hand, firstSample }));
      }
    }
    return offers
      .map((offer, index): Share => ({ offer, tasks: tasks[index] ?? [] }))
      .filter((share) => share.tasks.length > 0);
  });
  return { ...plan, unitsKept, unitsLeft };
}

/** Under a name that another request, or another shader set, does not have. Where it cannot be opened nothing is kept. */
async function openKept(
  { unfinished, shaderSetHash, log }: RequesterComponents,
  request: RenderRequest,
  tiles: readonly TileRectangle[],
): Promise<KeptPasses | null> {
  if (unfinished === undefined) return null;
  const task = hashTask(renderTaskFor(request, { tiles, firstSample: 0 }));
  const identity = sha256Hex(new TextEncoder().encode(`${task} ${shaderSetHash}`)).slice(2);
  try {
    return await unfinished.open(identity);
  } catch (error) {
    log?.(`what arrives of the picture is not kept: ${errorText(error)}`);
    return null;
  }
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
