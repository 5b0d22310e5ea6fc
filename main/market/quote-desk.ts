import type { Hex, NumericProfile } from '../../protocol/agreement.ts';
import { refuse, type Refusal } from '../../protocol/errors.ts';
import { wireLimits } from '../../protocol/wire/limits.ts';
import type { Quote, QuoteRequest } from '../../protocol/wire/quote-messages.ts';
import type { PriceList } from './pricing.ts';
import type { RateMeter } from './rate-meter.ts';
import type { TaskRefusalCode } from './refusal-codes.ts';

export interface QuoteDeskComponents {
  /** Would a task on this input be taken now? */
  readonly admit: (
    inputs: Pick<QuoteRequest, 'kind' | 'inputSha256' | 'environmentSha256'>,
  ) => Promise<{ readonly ok: true } | Refusal<TaskRefusalCode>>;
  readonly prices: () => PriceList;
  readonly rates: RateMeter;
  readonly address: Hex;
  /** Signs claims for the receiver; the receiver itself unless told. */
  readonly receiverAuthorizer?: Hex;
  /** Who is paid; the provider itself unless told. */
  readonly receiver?: Hex;
  readonly shaderSetHash: Hex;
  readonly numericProfile: () => NumericProfile;
  readonly adapterClass: () => string;
  /** Longest a task may take by our own measured rate. An hour unless told. */
  readonly maxTaskSeconds?: number;
  readonly nowSeconds?: () => bigint;
}

export interface QuoteDesk {
  answer(peerId: string, request: QuoteRequest): Promise<Quote | Refusal<TaskRefusalCode>>;
  /** What this peer was quoted for this task, while it holds. */
  find(peerId: string, taskHash: Hex): Quote | null;
}

/** Long enough to open a channel on chain, short enough that a price is not an option. */
const quoteSeconds = 180n;
const maxQuotes = 1_000;
/** A render chunk aims at this much work. */
const chunkSeconds = 1;
/** Before the first measurement: a slow software adapter's rate, so that the first chunk is small everywhere. */
const cautiousSamplesPerSecond = 100_000;

export function createQuoteDesk(components: QuoteDeskComponents): QuoteDesk {
  const nowSeconds = components.nowSeconds ?? (() => BigInt(Math.floor(Date.now() / 1000)));
  const quotes = new Map<string, Quote>();

  return {
    async answer(peerId, request) {
      if (request.shaderSetHash !== components.shaderSetHash) {
        return refuse(
          'SHADER_SET',
          `this node runs shader set ${components.shaderSetHash}, not ${request.shaderSetHash}`,
        );
      }
      if (request.units === 0n || (request.kind === 'render' && request.largestTilePixels === 0)) {
        return refuse('PROTOCOL', 'a task of no units cannot be quoted');
      }
      const admitted = await components.admit(request);
      if (!admitted.ok) return admitted;
      const rate = components.rates.rate(request.kind, request.inputSha256);
      const available = rate === null ? null : BigInt(Math.floor(rate * (components.maxTaskSeconds ?? 3_600)));
      if (available !== null && request.units > available) {
        return refuse(
          'TOO_LARGE',
          `${request.units} units take too long here, at most ${available} are taken at once`,
          {
            needed: request.units,
            available,
          },
        );
      }
      const quote: Quote = {
        taskHash: request.taskHash,
        provider: components.address,
        receiver: components.receiver ?? components.address,
        receiverAuthorizer: components.receiverAuthorizer ?? components.address,
        pricePerMillionUnits: components.prices()[request.kind],
        maxUnits: request.units,
        chunkUnits: chunkUnits(request, rate),
        numericProfile: components.numericProfile(),
        adapterClass: components.adapterClass(),
        unitsPerThousandSeconds: BigInt(Math.floor((rate ?? 0) * 1000)),
        expiresAt: nowSeconds() + quoteSeconds,
      };
      const key = `${peerId} ${request.taskHash}`;
      quotes.delete(key);
      quotes.set(key, quote);
      for (const [oldest] of quotes) {
        if (quotes.size <= maxQuotes) break;
        quotes.delete(oldest);
      }
      return quote;
    },
    find(peerId, taskHash) {
      const quote = quotes.get(`${peerId} ${taskHash}`);
      return quote !== undefined && quote.expiresAt > nowSeconds() ? quote : null;
    },
  };
}

function chunkUnits(request: QuoteRequest, rate: number | null): bigint {
  if (request.kind === 'chat') return BigInt(wireLimits.chunkTokens);
  const target = BigInt(Math.floor((rate ?? cautiousSamplesPerSecond) * chunkSeconds));
  const smallest = BigInt(request.largestTilePixels);
  return target > smallest ? target : smallest;
}
