import type { ErrorShape } from '../../../protocol/errors.ts';
import { hashTask } from '../../../protocol/hashing/task-hash.ts';
import { type Task, taskUnits } from '../../../protocol/tasks.ts';
import type { Quote, QuoteRequest } from '../../../protocol/wire/quote-messages.ts';
import { taskCodec } from '../../../protocol/wire/task-codec.ts';
import { type Offer, rankOffers } from '../../market/quote-choice.ts';
import type { KnownPeer } from '../../network/types.ts';
import type { RequesterComponents } from '../components.ts';
import { errorText } from '../../../protocol/errors.ts';

export interface Offers {
  /** Best first. */
  readonly offers: readonly Offer[];
  readonly refusals: readonly ErrorShape[];
}

/** Asks every connected provider but the excluded ones, all at once; `only` one of them where it is given. */
export async function findOffers(
  components: RequesterComponents,
  task: Task,
  options: {
    readonly exclude: ReadonlySet<string>;
    readonly only?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<Offers> {
  const { exclude, only } = options;
  const peers = components.network
    .peers()
    .filter(({ provides, peerId }) => provides && !exclude.has(peerId) && (only === undefined || only === peerId));
  const answers = await Promise.all(peers.map((peer) => askOffer(components, peer, task, options.signal)));
  options.signal?.throwIfAborted();
  const offers = answers.filter((answer) => 'quote' in answer);
  return { offers: rankOffers(offers, taskUnits(task)), refusals: answers.filter((answer) => 'code' in answer) };
}

/** One provider's offer, or its refusal; a peer that does not answer is a refusal too. */
export async function askOffer(
  { network, shaderSetHash, nowMs = Date.now }: RequesterComponents,
  peer: KnownPeer,
  task: Task,
  signal?: AbortSignal,
): Promise<Offer | ErrorShape> {
  const request = quoteRequest(task, shaderSetHash);
  try {
    const answer = await network.requestQuote(peer.peerId, request, signal === undefined ? {} : { signal });
    if ('ok' in answer) return refusal(peer, answer.code, answer.message);
    const fault = faultOf(answer, request, peer, BigInt(Math.floor(nowMs() / 1000)));
    return fault === null ? { peer, quote: answer } : refusal(peer, 'PROTOCOL', fault);
  } catch (error) {
    return refusal(peer, 'UNREACHABLE', errorText(error));
  }
}

function refusal(peer: KnownPeer, code: string, message: string): ErrorShape {
  return { code, message, data: { peerId: peer.peerId, name: peer.name } };
}

function quoteRequest(task: Task, shaderSetHash: QuoteRequest['shaderSetHash']): QuoteRequest {
  return {
    taskHash: hashTask(task),
    kind: task.kind,
    inputSha256: task.kind === 'chat' ? task.modelSha256 : task.sceneSha256,
    units: taskUnits(task),
    taskBytes: taskCodec.encode(task).length,
    largestTilePixels: task.kind === 'chat' ? 0 : largestTilePixels(task.tiles),
    shaderSetHash,
    environmentSha256: task.kind === 'chat' ? undefined : task.environmentSha256,
  };
}

function largestTilePixels(tiles: readonly { x0: number; y0: number; x1: number; y1: number }[]): number {
  return tiles.reduce((largest, { x0, y0, x1, y1 }) => Math.max(largest, (x1 - x0) * (y1 - y0)), 0);
}

function faultOf(quote: Quote, request: QuoteRequest, peer: KnownPeer, nowSeconds: bigint): string | null {
  if (quote.taskHash !== request.taskHash) return 'the quote is for another task';
  if (quote.provider.toLowerCase() !== peer.wallet.toLowerCase()) return `the quote is for wallet ${quote.provider}`;
  if (quote.maxUnits < request.units) return `the quote covers ${quote.maxUnits} of ${request.units} units`;
  if (quote.chunkUnits < BigInt(request.largestTilePixels) || quote.chunkUnits === 0n) {
    return `chunks of ${quote.chunkUnits} units are too small`;
  }
  return quote.expiresAt <= nowSeconds ? 'the quote has run out' : null;
}
