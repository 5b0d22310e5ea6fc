import type { Hex } from '../../protocol/agreement.ts';
import type { TaskSnapshot } from '../../protocol/node-api.ts';
import type { HearthNetwork } from '../network/types.ts';
import type { RequesterPayments, Signer } from '../payment/types.ts';
import type { InputStore } from '../store/input-store.ts';
import type { UnfinishedPictures } from '../store/unfinished-pictures.ts';
import type { CheckingWorker } from './types.ts';

export interface RequesterComponents {
  readonly network: Pick<
    HearthNetwork,
    'peers' | 'onPeersChanged' | 'requestQuote' | 'openTask' | 'deliverReceipt' | 'requestRefund' | 'penalise'
  >;
  readonly payments: RequesterPayments;
  readonly signer: Pick<Signer, 'address' | 'signAgreement'>;
  readonly chainId: bigint;
  readonly shaderSetHash: Hex;
  /** Where the requester re-checks results; without it, or without the input in `store`, results are only accepted. */
  readonly worker?: CheckingWorker;
  readonly store?: Pick<InputStore, 'find'>;
  /** Keeps what arrives of a picture, so that the same request goes on from there; without it nothing is kept. */
  readonly unfinished?: UnfinishedPictures;
  /** Class of the own adapter: results of the same class are compared byte by byte. */
  readonly adapterClass?: () => string;
  readonly onTask?: (task: TaskSnapshot) => void;
  readonly log?: (sentence: string) => void;
  readonly nowMs?: () => number;
  /** How long a job waits for a provider where none is left; 10 s unless told. */
  readonly providerWaitMs?: number;
}
