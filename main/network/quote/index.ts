import type { Refusal } from '../../../protocol/errors.ts';
import type { Quote, QuoteRequest } from '../../../protocol/wire/quote-messages.ts';
import type { Hello } from '../hello/index.ts';
import type { ProtocolHost } from '../protocol-host.ts';
import type { CallOptions, KnownPeer } from '../types.ts';
import { QuoteService } from './quote.ts';

export interface QuoteComponents {
  readonly host: ProtocolHost;
  readonly hello: Hello;
  readonly answer: (peer: KnownPeer, request: QuoteRequest) => Promise<Quote | Refusal>;
}

/** Asks for prices and answers: `const quote = await quotes.request(peerId, request)`, then `'ok' in quote` is a refusal. */
export interface Quotes {
  start(): Promise<void>;
  request(peerId: string, request: QuoteRequest, options?: CallOptions): Promise<Quote | Refusal>;
}

export function createQuotes(components: QuoteComponents): Quotes {
  return new QuoteService(components);
}
