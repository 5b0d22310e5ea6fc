import type { RenderTask, TileRectangle } from '../../../protocol/tasks.ts';
import type { KeptPasses } from '../../store/unfinished-pictures.ts';
import type { Checker } from '../check/checker.ts';
import type { RequesterComponents } from '../components.ts';
import type { Film } from '../image/index.ts';
import type { ProviderRound } from '../provider-round.ts';
import { buy } from '../purchase/buy.ts';
import { askOffer } from '../purchase/find-offers.ts';
import type { Spending } from '../purchase/spending.ts';
import { isOwnRefusal, type OwnRefusalCode } from '../requester-error.ts';
import type { KnownPeer } from '../../network/types.ts';
import type { JobProgress, ProviderPart, RenderRequest } from '../types.ts';
import { dropWrongBatches, followedPasses } from './earlier-passes.ts';
import { createRenderDelivery } from './render-delivery.ts';
import { renderSettingsOf } from './render-settings.ts';
import { remainder, type TileBatch } from './tile-pool.ts';

export interface RenderJobOptions {
  readonly request: RenderRequest;
  readonly film: Film;
  readonly checker: Checker | null;
  /** Where what arrives is kept; null where it is not. */
  readonly kept: KeptPasses | null;
  readonly round: ProviderRound;
  readonly spending: Spending;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: JobProgress) => void;
}

interface Obstacle {
  readonly code: OwnRefusalCode;
  readonly message: string;
}

/** The tiles of one picture while providers come and go. */
export class RenderJob {
  readonly parts: ProviderPart[] = [];
  readonly #components: RequesterComponents;
  readonly #options: RenderJobOptions;
  readonly #pool: TileBatch[] = [];
  readonly #unitsTotal: bigint;
  #unitsDone = 0n;
  #obstacle: Obstacle | null = null;
  /** Tiles that some lane has taken. */
  #underWay = 0;
  #changed = Promise.withResolvers<void>();

  constructor(components: RequesterComponents, options: RenderJobOptions) {
    this.#components = components;
    this.#options = options;
    const { widthPixels, heightPixels, samplesPerPixel } = options.request;
    this.#unitsTotal = BigInt(widthPixels) * BigInt(heightPixels) * BigInt(samplesPerPixel);
  }

  get isComplete(): boolean {
    return this.#unitsDone === this.#unitsTotal;
  }

  get unitsDone(): bigint {
    return this.#unitsDone;
  }

  /** Takes what an earlier run got, and puts the rest of the picture on the list. @throws what the checker's worker throws */
  async goOn(tiles: readonly TileRectangle[]): Promise<void> {
    const { request, kept, film, checker, signal, onProgress } = this.#options;
    const settings = renderSettingsOf(this.taskFor({ tiles, firstSample: 0 }));
    const right =
      kept === null
        ? []
        : await dropWrongBatches(kept, { checker, openScene: (checking) => checking.scene(settings), signal });
    const { passes, remaining } = followedPasses(tiles, request.samplesPerPixel, right);
    for (const entry of passes) {
      const pass = await (kept as KeptPasses).load(entry);
      film.add(pass);
      this.#unitsDone += passUnits(pass.tile, pass.sampleCount);
      onProgress({ kind: 'kept', pass, unitsDone: this.#unitsDone, unitsTotal: this.#unitsTotal });
    }
    this.giveBack(remaining);
  }

  /** Why, since this was asked last, some of it could not be bought for a reason of our own. */
  takeObstacle(): Obstacle | null {
    const obstacle = this.#obstacle;
    this.#obstacle = null;
    return obstacle;
  }

  /** What nobody works on. */
  takeRemaining(): TileBatch[] {
    return this.#pool.splice(0);
  }

  giveBack(batches: readonly TileBatch[]): void {
    this.#pool.push(...batches);
    this.#notify();
  }

  taskFor(batch: TileBatch): RenderTask {
    return renderTaskFor(this.#options.request, batch);
  }

  /** One provider: its first batch, then whatever others leave behind. Ends when the picture is done or the provider fails. */
  async lane(peer: KnownPeer, first: TileBatch | null): Promise<void> {
    let batch = first ?? (await this.#next());
    while (batch !== null) {
      this.#underWay += 1;
      let goesOn: boolean;
      try {
        goesOn = await this.#deliver(peer, batch);
      } catch (error) {
        // A fault of ours; the tiles stay on the list for whoever comes after.
        this.giveBack([batch]);
        throw error;
      } finally {
        this.#underWay -= 1;
        this.#notify();
      }
      batch = goesOn ? await this.#next() : null;
    }
  }

  /** Waits while others are at work: what they drop is the next batch. */
  async #next(): Promise<TileBatch | null> {
    for (;;) {
      const batch = this.#pool.shift();
      if (batch !== undefined) return batch;
      if (this.#underWay === 0 || this.#options.signal.aborted) return null;
      await this.#changed.promise;
    }
  }

  #notify(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** True when the provider may be given more. */
  async #deliver(peer: KnownPeer, batch: TileBatch): Promise<boolean> {
    const { checker, film, kept, round, signal, spending, onProgress } = this.#options;
    const { peerId } = peer;
    const task = this.taskFor(batch);
    const offer = await askOffer(this.#components, peer, task, signal);
    if (!('quote' in offer)) return this.#lose(peer, [batch], offer.message);
    let unitsHere = 0n;
    const keptAs = kept?.nextBatch() ?? 0;
    const delivery = createRenderDelivery({
      task,
      checker,
      isSameClass: offer.quote.adapterClass === this.#components.adapterClass?.(),
      signal,
      onPass: (pass, samplesDone) => {
        kept?.keep(keptAs, pass);
        unitsHere += passUnits(pass.tile, pass.sampleCount);
        this.#unitsDone += passUnits(pass.tile, pass.sampleCount);
        const unitsTotal = this.#unitsTotal;
        onProgress({ kind: 'tile', peerId, pass, samplesDone, unitsDone: this.#unitsDone, unitsTotal });
      },
    });
    const bought = await buy(this.#components, {
      offer,
      task,
      delivery,
      signal,
      onProgress,
      spending,
      keepPayloads: false,
    });
    if (bought.kind === 'refused') {
      const { code, message } = bought.refusal;
      if (bought.isOwn && isOwnRefusal(code)) this.#obstacle = { code, message };
      return this.#lose(peer, [batch], message);
    }
    this.parts.push(bought.part);
    if (bought.ended === 'rejected') {
      kept?.drop(keptAs);
      // Nothing of it stays: what was not looked at is as doubtful as what was.
      this.#unitsDone -= unitsHere;
      round.distrust(peerId);
      return this.#lose(peer, [batch], bought.part.detail);
    }
    // Any other verdict may mean that nobody waited for the check: it is made up for when the request goes on.
    if (bought.part.verdict === 'verified') kept?.confirm(keptAs);
    for (const pass of delivery.passes) film.add(pass);
    const left = remainder(batch, delivery.samplesDone, task.samplesPerPixel);
    return left.length === 0 || this.#lose(peer, left, bought.part.detail);
  }

  #lose({ peerId }: KnownPeer, left: readonly TileBatch[], reason: string): false {
    this.#options.round.tire(peerId);
    this.giveBack(left);
    this.#options.onProgress({ kind: 'lost', peerId, reason });
    return false;
  }
}

export function renderTaskFor(request: RenderRequest, { tiles, firstSample }: TileBatch): RenderTask {
  const { tileSidePixels: _side, ...picture } = request;
  return { kind: 'render', ...picture, firstSample, tiles };
}

function passUnits({ x0, y0, x1, y1 }: TileRectangle, sampleCount: number): bigint {
  return BigInt((x1 - x0) * (y1 - y0)) * BigInt(sampleCount);
}
