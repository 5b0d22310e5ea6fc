import type { Agreement, Hex } from '../../../protocol/agreement.ts';
import type { ChainIdentity } from '../../../protocol/hashing/typed-data.ts';
import type { Offence } from '../../network/types.ts';
import type { RequesterPayments } from '../../payment/types.ts';
import type { Delivery } from './delivery.ts';

/** Everything one purchase needs to know of the agreement and the buyer. */
export interface PurchaseContext {
  readonly agreement: Agreement;
  readonly agreementHash: Hex;
  readonly chain: ChainIdentity;
  readonly payments: RequesterPayments;
  readonly delivery: Delivery;
  /** The least that can be delivered at once: cover for less is none. */
  readonly smallestChunkUnits: bigint;
  /** Largest payload a chunk of this task can have. */
  readonly maxPayloadBytes: number;
  readonly keepPayloads: boolean;
  readonly onChunk: (unitsDone: bigint) => void;
  readonly onActivity: (activity: 'loading' | 'computing' | 'recovering') => void;
  readonly penalise: (offence: Offence, detail: string) => void;
}
