import { priceOfUnits } from '../../protocol/tasks.ts';
import type { Quote } from '../../protocol/wire/quote-messages.ts';
import type { KnownPeer } from '../network/types.ts';

export interface Offer {
  readonly peer: KnownPeer;
  readonly quote: Quote;
}

/** Cheapest for this task first; among equals the fastest measured; then by peer id, so that the order is one and the same. */
export function rankOffers(offers: readonly Offer[], units: bigint): readonly Offer[] {
  return offers.toSorted((a, b) => {
    const price = priceOfUnits(units, a.quote.pricePerMillionUnits) - priceOfUnits(units, b.quote.pricePerMillionUnits);
    if (price !== 0n) return price < 0n ? -1 : 1;
    const speed = b.quote.unitsPerThousandSeconds - a.quote.unitsPerThousandSeconds;
    if (speed !== 0n) return speed < 0n ? -1 : 1;
    return a.peer.peerId < b.peer.peerId ? -1 : 1;
  });
}
