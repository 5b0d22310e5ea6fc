/** A clock that jumps from event to event, and a wire over it that loses, doubles, delays and thereby reorders. */
import type { Receipt, SignedAgreement, Hex } from '../../../protocol/agreement.ts';
import type { ChannelConfig, SignedVoucher } from '../../../protocol/x402.ts';
import type { Random } from './seeded-random.ts';

export type Message =
  | {
      type: 'start';
      signed: SignedAgreement;
      hash: Hex;
      channel: ChannelConfig;
      voucher: SignedVoucher;
      coveredUnits: bigint;
    }
  | { type: 'accept'; hash: Hex }
  | { type: 'voucher'; hash: Hex; voucher: SignedVoucher; acknowledged: number; coveredUnits: bigint }
  | { type: 'chunk'; hash: Hex; sequence: number; units: bigint }
  | { type: 'ended'; hash: Hex }
  | { type: 'receipt'; receipt: Receipt; signature: Hex }
  | { type: 'receipt-stored'; hash: Hex };

export interface Clock {
  readonly nowMs: () => number;
  after(delayMs: number, action: () => Promise<void>): void;
  /** Runs until nothing is planned any more. */
  run(): Promise<void>;
}

export function createClock(startMs: number): Clock {
  let nowMs = startMs;
  const planned: { readonly atMs: number; readonly action: () => Promise<void> }[] = [];
  return {
    nowMs: () => nowMs,
    after: (delayMs, action) => void planned.push({ atMs: nowMs + delayMs, action }),
    async run() {
      while (planned.length > 0) {
        // The earliest; of two at the same time the one planned first.
        let next = 0;
        for (const [index, { atMs }] of planned.entries()) if (atMs < (planned[next]?.atMs ?? 0)) next = index;
        const [event] = planned.splice(next, 1);
        if (event === undefined) return;
        nowMs = Math.max(nowMs, event.atMs);
        await event.action();
      }
    },
  };
}

export interface WireCounts {
  sent: number;
  lost: number;
  doubled: number;
}

/** Delivers to `receive` after 1 to 200 ms; one message in 12 is lost, one in 12 comes twice. */
export function createWire(clock: Clock, random: Random, counts: WireCounts) {
  return (message: Message, receive: (message: Message) => Promise<void>): void => {
    counts.sent += 1;
    const copies = random.once(12) ? 0 : random.once(12) ? 2 : 1;
    if (copies === 0) counts.lost += 1;
    if (copies === 2) counts.doubled += 1;
    for (let copy = 0; copy < copies; copy += 1) clock.after(1 + random.below(200), () => receive(message));
  };
}
