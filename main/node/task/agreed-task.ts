import type { Agreement, Hex, SignedAgreement } from '../../../protocol/agreement.ts';
import type { Task } from '../../../protocol/tasks.ts';
import type { ProviderPayments, Signer } from '../../payment/types.ts';
import type { ChainIdentity } from '../../../protocol/hashing/typed-data.ts';
import type { TaskStream } from '../../network/types.ts';

/** A task both sides have signed for. */
export interface AgreedTask {
  readonly task: Task;
  readonly agreement: Agreement;
  readonly agreementHash: Hex;
  readonly signed: SignedAgreement;
  readonly stream: TaskStream;
  /** What came with the start. */
  readonly coveredUnits: bigint;
}

/** What a session needs of the node. */
export interface SessionComponents {
  readonly payments: ProviderPayments;
  readonly signer: Pick<Signer, 'signResult'>;
  readonly chain: ChainIdentity;
  readonly adapterClass: () => string;
  readonly penalise: (peerId: string, offence: 'forgery' | 'malformed', detail: string) => void;
  readonly nowSeconds: () => bigint;
}
