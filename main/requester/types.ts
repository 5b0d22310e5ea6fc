/** What a buyer asks and gets. Every result says who delivered which part, what it cost and how it was checked. */
import type { Hex, Verdict } from '../../protocol/agreement.ts';
import type { ErrorShape } from '../../protocol/errors.ts';
import type { ReceiptDocument } from '../../protocol/receipt.ts';
import type { Conversation, PictureView, Sha256 } from '../../protocol/tasks.ts';
import type { TileResult, WorkerCallKind, WorkerParameters, WorkerResult } from '../../worker/messages.ts';
import type { KnownPeer } from '../network/types.ts';
import type { InterruptedTask } from '../payment/types.ts';
import type { RefundOutcome } from './collect-refunds.ts';
import type { Film } from './image/index.ts';

/** The part of the GPU worker a buyer needs to check results; the node's GpuWorker fits. */
export interface CheckingWorker {
  call<K extends WorkerCallKind>(
    kind: K,
    parameters: WorkerParameters<K>,
    options?: { readonly signal?: AbortSignal; readonly timeoutMs?: number },
  ): Promise<WorkerResult<K>>;
}

/** `clockSeconds` is the time of the request where it is left out. */
export interface ChatRequest extends Conversation {
  readonly modelSha256: Sha256;
  readonly maxTokens: number;
  readonly temperatureMillionths: number;
  readonly seed: number;
}

export interface RenderRequest extends PictureView {
  readonly sceneSha256: Sha256;
  readonly widthPixels: number;
  readonly heightPixels: number;
  readonly samplesPerPixel: number;
  readonly seed: number;
  readonly maxBounces: number;
  /** Side of the squares the picture is cut into; 64 unless told. */
  readonly tileSidePixels?: number;
}

/** One agreement: one provider's part of the work. */
export interface ProviderPart {
  readonly agreementHash: Hex;
  readonly peerId: string;
  readonly wallet: Hex;
  readonly name: string;
  readonly adapterClass: string;
  readonly units: bigint;
  /** From the provider's acceptance to its last chunk, loading included. */
  readonly durationMs: number;
  /** From the first chunk on, where there is more than one: what came before it was loading. */
  readonly unitsPerSecond: number;
  readonly amountDue: bigint;
  readonly verdict: Verdict;
  /** How the verdict was reached, or why the part ended early: a whole sentence. */
  readonly detail: string;
  readonly receipt: ReceiptDocument;
}

export type JobProgress =
  | { readonly kind: 'quoted'; readonly providers: number; readonly refusals: readonly ErrorShape[] }
  | { readonly kind: 'agreed'; readonly agreementHash: Hex; readonly peerId: string; readonly units: bigint }
  | { readonly kind: 'activity'; readonly peerId: string; readonly activity: 'loading' | 'computing' | 'recovering' }
  | { readonly kind: 'text'; readonly peerId: string; readonly text: string; readonly tokens: readonly number[] }
  | {
      readonly kind: 'tile';
      readonly peerId: string;
      /** The pass that has just arrived. Not checked yet: the provider may still be found wanting. */
      readonly pass: TileResult;
      /** Samples of this tile that are there now. */
      readonly samplesDone: number;
      readonly unitsDone: bigint;
      readonly unitsTotal: bigint;
    }
  /** A pass that an earlier run of the same request got. */
  | { readonly kind: 'kept'; readonly pass: TileResult; readonly unitsDone: bigint; readonly unitsTotal: bigint }
  | { readonly kind: 'lost'; readonly peerId: string; readonly reason: string }
  | { readonly kind: 'part'; readonly part: ProviderPart };

/** In the token's smallest unit; what is left out has no limit. */
export interface SpendingLimits {
  /** Most that the job may cost, over all providers. */
  readonly maxPrice?: bigint;
  /** Most that it may put into channels. */
  readonly maxDeposit?: bigint;
  /** A channel that has too little is filled by this much, within `maxDeposit`; by what is missing where it is left out. */
  readonly fill?: bigint;
}

export interface JobOptions {
  readonly signal?: AbortSignal;
  readonly limits?: SpendingLimits;
  /** The only peer that is asked. */
  readonly provider?: string;
  readonly onProgress?: (progress: JobProgress) => void;
}

export interface PlannedPart {
  readonly peer: KnownPeer;
  readonly units: bigint;
  /** The most it can cost. */
  readonly price: bigint;
  /** Would have to be deposited for it; 0 where the channel has room. */
  readonly missing: bigint;
  /** What the channel holds; 0 where there is none. */
  readonly balance: bigint;
}

export interface JobPlan {
  /** Empty when nobody takes the job, or all of it is there. */
  readonly parts: readonly PlannedPart[];
  /** There from an earlier run of the same request, and not bought again. */
  readonly unitsKept: bigint;
  readonly unitsLeft: bigint;
  readonly price: bigint;
  readonly deposit: bigint;
  readonly refusals: readonly ErrorShape[];
}

export interface ChatOutcome {
  readonly text: string;
  readonly tokens: readonly number[];
  readonly finished: 'stop' | 'length';
  readonly parts: readonly ProviderPart[];
}

export interface RenderOutcome {
  /** Complete: every pixel has `samplesPerPixel` samples. */
  readonly film: Film;
  readonly samplesPerPixel: number;
  readonly parts: readonly ProviderPart[];
  /** Deletes what was kept of it against a kill; to be called once the picture is where it should be. */
  forget(): Promise<void>;
}

export interface Requester {
  /** @throws RequesterError with what was refused, by whom and why; parts already delivered are in `parts`. */
  requestChat(request: ChatRequest, options?: JobOptions): Promise<ChatOutcome>;
  requestRender(request: RenderRequest, options?: JobOptions): Promise<RenderOutcome>;
  /** Who would do it, and for how much; waits for providers as the job itself does. */
  planChat(request: ChatRequest, options?: Pick<JobOptions, 'signal' | 'provider'>): Promise<JobPlan>;
  planRender(request: RenderRequest, options?: Pick<JobOptions, 'signal' | 'provider'>): Promise<JobPlan>;
  /** Tasks that an earlier run was cut off in: what arrived is receipted, and brought to the provider at the next contact. */
  readonly interrupted: Promise<readonly InterruptedTask[]>;
  /** Brings receipts that could not be delivered to every provider that is connected now. */
  deliverReceipts(): Promise<void>;
  /** Asks for what is left of the deposits, of one channel or of all; see collectRefunds. */
  collectRefunds(channelId?: string): Promise<readonly RefundOutcome[]>;
  close(): void;
}
