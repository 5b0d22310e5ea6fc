/**
 * What a user interface may ask of a node. Both hosts serve it: the headless node over local HTTP and WebSocket, the
 * desktop over a MessagePort. Every value is plain JSON; amounts are decimal strings of the token's smallest unit.
 */
export type AmountText = string;

export type NodeStateName = 'off' | 'starting' | 'waiting' | 'working' | 'pausing' | 'paused' | 'blocked' | 'finishing';

/** `reason` is a whole sentence, the same in tray, dashboard and CLI; `fix` says what the owner can do when blocked. */
export interface NodeState {
  readonly name: NodeStateName;
  readonly reason: string;
  readonly fix?: string;
  readonly sinceMs: number;
}

export interface AdapterSnapshot {
  readonly name: string;
  readonly vendor: string;
  readonly isSoftware: boolean;
  readonly driver: string | null;
  readonly memoryBytes: number | null;
  readonly temperatureCelsius: number | null;
  readonly loadPercent: number | null;
  readonly features: readonly string[];
  readonly benchmark: {
    readonly copyBytesPerSecond: number;
    readonly multiplyAddFlopsPerSecond: number;
    readonly dispatchMicroseconds: number;
  } | null;
}

export type TaskState = 'agreed' | 'running' | 'delivered' | 'receipted' | 'claimed' | 'cancelled' | 'failed';

export interface TaskSnapshot {
  /** The agreement hash. */
  readonly id: string;
  readonly role: 'provider' | 'requester';
  readonly kind: 'chat' | 'render';
  readonly counterparty: string;
  readonly state: TaskState;
  readonly unitsDone: string;
  readonly unitsTotal: string;
  readonly amountDue: AmountText;
  readonly startedAtMs: number;
  readonly finishedAtMs: number | null;
  /** Measured while running: tokens or pixel-samples per second. */
  readonly unitsPerSecond: number | null;
  readonly detail: string;
}

export interface EarningsSnapshot {
  readonly currency: string;
  readonly decimals: number;
  readonly earned: AmountText;
  readonly claimed: AmountText;
  readonly settled: AmountText;
  readonly spent: AmountText;
  /** Cumulative earned over time, oldest first, at most 500 points. */
  readonly series: readonly { readonly atMs: number; readonly earned: AmountText }[];
}

/** `urgent`: money is lost unless somebody acts; `warning`: it could come to that; `notice`: good to know. Most urgent first. */
export const alarmSeverities = ['urgent', 'warning', 'notice'] as const;
export type AlarmSeverity = (typeof alarmSeverities)[number];

/** Something about the node's money that its owner should know of now. */
export interface NodeAlarm {
  readonly code:
    | 'CHANNEL_CLOSING'
    | 'CHAIN_UNREACHABLE'
    | 'ENDPOINT_DOWN'
    | 'ENDPOINTS_DISAGREE'
    | 'GAS_UNAFFORDABLE'
    | 'CLAIM_FAILED'
    | 'WALLET_NOT_BACKED_UP';
  readonly severity: AlarmSeverity;
  /** A whole sentence. */
  readonly message: string;
  readonly fix: string;
  readonly sinceMs: number;
}

export interface NodeSnapshot {
  readonly version: string;
  readonly name: string;
  readonly state: NodeState;
  readonly adapter: AdapterSnapshot | null;
  readonly peerId: string | null;
  readonly addresses: readonly string[];
  readonly peerCount: number;
  readonly wallet: string | null;
  readonly chainId: number | null;
  /** Where x402 clients buy over HTTP; null or left out where that is not offered. */
  readonly x402Url?: string | null;
  /** Newest first, at most 100. */
  readonly tasks: readonly TaskSnapshot[];
  readonly earnings: EarningsSnapshot;
  /** Most urgent first; left out or empty when all is well. */
  readonly alarms?: readonly NodeAlarm[];
}

/** What one task brought or cost. */
export interface EarningEntry {
  /** Counts up; the next page begins after the last one's. */
  readonly number: number;
  readonly atMs: number;
  readonly role: 'provider' | 'requester';
  /** `restored`: vouchers that came back from the second file without their tasks. */
  readonly kind: 'chat' | 'render' | 'restored';
  readonly counterparty: string;
  readonly units: string;
  readonly amount: AmountText;
  /** What says so: the receipt; without one what the requester acknowledged, or what the requester received. */
  readonly basis: 'receipt' | 'acknowledged' | 'received' | 'restored';
  readonly state: TaskState;
  readonly agreementHash: string;
}

export interface ChannelSnapshot {
  readonly role: 'provider' | 'requester';
  readonly channelId: string;
  readonly chainId: number;
  readonly counterparty: string;
  readonly receiver: string;
  readonly token: string;
  readonly withdrawDelaySeconds: number;
  /** The deposit; the highest voucher; what of it is earned; what the chain has booked. All cumulative. */
  readonly balance: AmountText;
  readonly ceiling: AmountText;
  readonly owed: AmountText;
  readonly claimed: AmountText;
  /** When the payer can take the rest back; null while it has not asked to. */
  readonly closesAtMs: number | null;
}

/** What a provider answered to a request for what is left of a deposit. */
export interface RefundEntry {
  readonly channelId: string;
  readonly counterparty: string;
  /** As the chain shows it. */
  readonly refunded: AmountText;
  readonly transactionHash: string | null;
  /** Why nothing came back. */
  readonly refusal: { readonly code: string; readonly message: string } | null;
}

export interface NodeRequests {
  getSnapshot: [Record<string, never>, NodeSnapshot];
  /** Until resumed, or for some minutes. */
  pause: [{ readonly minutes?: number }, NodeState];
  resume: [Record<string, never>, NodeState];
  /** Finishes the task in hand, then stops taking work. */
  finish: [Record<string, never>, NodeState];
  claim: [
    Record<string, never>,
    { readonly claimed: AmountText; readonly settled: AmountText; readonly channels: number },
  ];
  /** Asks the providers for what is left of the deposits: of one channel, or of all that hold more than was promised. */
  refund: [{ readonly channelId?: string }, readonly RefundEntry[]];
  stop: [Record<string, never>, null];
  /** Entries with a `number` above `after`, oldest first; `limit` is from 1 to 500. */
  listEarnings: [{ readonly after?: number; readonly limit?: number }, readonly EarningEntry[]];
  listChannels: [Record<string, never>, readonly ChannelSnapshot[]];
}

export type NodeRequestName = keyof NodeRequests;

export interface NodeEvents {
  /** The whole picture, whenever something changed; coalesced to at most five a second. */
  snapshot: NodeSnapshot;
}

export interface NodeApi {
  request<Name extends NodeRequestName>(name: Name, parameters: NodeRequests[Name][0]): Promise<NodeRequests[Name][1]>;
  /** Returns the function that ends the subscription. */
  subscribe(listener: (snapshot: NodeSnapshot) => void): () => void;
}
