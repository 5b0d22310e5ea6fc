import type { AdapterChoice, AdapterDescription } from '../../worker/messages.ts';
import type { PriceList } from '../market/pricing.ts';
import type { KeyStore } from '../payment/index.ts';
import type { ChainSettings } from '../payment/types.ts';
import type { GpuWorker } from './gpu-worker.ts';
import type { X402Address } from './x402/endpoint.ts';

/** The GPU worker with whatever keeps it alive: a child process in the headless host, a hidden window on the desktop. */
export interface GpuHost {
  /** Stays valid over restarts; models and scenes do not, they are loaded again when a task needs them. */
  readonly worker: GpuWorker;
  readonly description: AdapterDescription;
  /** One sentence for the owner; says so when the adapter is a software one. */
  readonly announce: string;
  /** Resolves when a worker with an open adapter is up; rejects once stopped. */
  ready(): Promise<void>;
  stop(): Promise<void>;
}

/** What the operating system knows of the card; null where its tools say nothing. */
export interface CardReading {
  readonly name: string;
  readonly memoryBytes: number | null;
  readonly driverVersion: string | null;
  readonly temperatureCelsius: number | null;
  readonly loadPercent: number | null;
}

export interface OpenGpuOptions {
  readonly adapter: AdapterChoice;
  readonly dataDirectory: string;
  readonly log: (line: string) => void;
}

/** The parts that differ between the headless host and the desktop. */
export interface NodeHost {
  /** @throws GpuWorkerError when no adapter of that choice can be opened. */
  openGpu(options: OpenGpuOptions): Promise<GpuHost>;
  readCard(description: AdapterDescription): Promise<CardReading | null>;
  /** Does somebody use the machine right now? Left out where nobody can tell, as on a rig without a screen: nobody does. */
  isOwnerPresent?(): boolean;
  /** Folder with the shipped models and scenes. */
  readonly assetsDirectory: string;
  /** sha256 over the shader set, in every agreement. */
  readShaderSetHash(): Promise<`0x${string}`>;
}

/** Where a provider can be reached when its owner named nothing: any free port on every interface. */
export const defaultListen: readonly string[] = ['/ip4/0.0.0.0/tcp/0'];

export interface NodeOptions {
  readonly dataDirectory: string;
  readonly adapter: AdapterChoice;
  /** Multiaddresses, e.g. /ip4/0.0.0.0/tcp/4001. */
  readonly listen: readonly string[];
  readonly bootstrap: readonly string[];
  /** Null blocks the node: it could neither check deposits nor claim. */
  readonly chain: ChainSettings | null;
  /** Shown in logs, on the dashboard and to peers. */
  readonly name?: string;
  /** Finds nodes on the local network by multicast DNS. Off unless told. */
  readonly mdns?: boolean;
  /** False for a node that only buys. */
  readonly provides?: boolean;
  /** Sells chats over HTTP to any x402 client there; not at all when left out. */
  readonly x402?: X402Address;
  /** Asked in place of the default prices. */
  readonly prices?: Partial<PriceList>;
  /** Version of the program, for the dashboard. */
  readonly version?: string;
  /** Encrypts the hot key at rest. */
  readonly passphrase?: string;
  /** Seals the hot key at rest in place of a passphrase: the desktop's keychain. */
  readonly keyStore?: KeyStore;
  readonly log: (line: string) => void;
}
