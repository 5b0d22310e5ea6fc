import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Hex } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import type { AdapterChoice } from '../../worker/messages.ts';
import { openLedger } from '../ledger/index.ts';
import { adapterClassOf } from '../market/adapter-class.ts';
import { createNetwork, type HearthNetwork, type NetworkHandlers } from '../network/index.ts';
import { createChainClient, createRequesterPayments, openWallet, type RequesterPayments } from '../payment/index.ts';
import type { ChainSettings } from '../payment/types.ts';
import { createRequester, type Requester } from '../requester/index.ts';
import { type InputStore, openInputStore, type StoredInput } from '../store/input-store.ts';
import { openUnfinishedPictures } from '../store/unfinished-pictures.ts';
import { GpuWorkerError } from './gpu-worker.ts';
import { Closers } from './closers.ts';
import { holdLog } from './held-log.ts';
import { keepBackups } from './ledger-backups.ts';
import type { GpuHost, NodeHost } from './node-options.ts';

export interface BuyerOptions {
  readonly dataDirectory: string;
  /** Checks what is bought; null: results are only accepted, as where there is no real adapter to check with. */
  readonly adapter: AdapterChoice | null;
  readonly listen: readonly string[];
  readonly bootstrap: readonly string[];
  readonly mdns: boolean;
  readonly chain: ChainSettings;
  /** Opens and seals the hot key. */
  readonly passphrase?: string | undefined;
  /** What is bought on, where it lies outside of the store's folders. */
  readonly inputs: readonly StoredInput[];
  /** How long a job waits where nobody takes it. */
  readonly providerWaitMs: number;
  readonly log: (line: string) => void;
}

/** A node that only buys, for as long as one job takes. */
export interface Buyer {
  readonly requester: Requester;
  readonly payments: Pick<RequesterPayments, 'funds' | 'totals'>;
  readonly network: Pick<HearthNetwork, 'peers' | 'onPeersChanged' | 'connect'>;
  readonly walletAddress: Hex;
  /** Null where results are not checked. */
  readonly gpu: GpuHost | null;
  stop(): Promise<void>;
}

const closed = refuse('NOT_ACCEPTING', 'This node only buys.');
const handlers: NetworkHandlers = {
  quote: () => Promise.resolve(closed),
  task: (stream) => stream.close(),
  refund: () => Promise.resolve(closed),
  receipt: () => Promise.resolve(closed),
};

/**
 * Ledger, wallet, network and requester of the data folder, without anything that sells. Where no real adapter is there to
 * check results with, it goes on without checks, and says so.
 *
 * @throws LedgerError, PaymentError (wallet), NetworkError, StoreError; GpuWorkerError when an adapter that was asked for by name is not there
 */
export async function startBuyer(
  options: BuyerOptions,
  host: Pick<NodeHost, 'openGpu' | 'assetsDirectory' | 'readShaderSetHash'>,
): Promise<Buyer> {
  const { dataDirectory, log } = options;
  const closers = new Closers();
  try {
    await mkdir(dataDirectory, { recursive: true, mode: 0o700 });
    const ledger = openLedger({ path: join(dataDirectory, 'ledger.db') });
    closers.add(() => ledger.close());
    const backups = keepBackups(ledger, { directory: join(dataDirectory, 'backups'), log });
    closers.add(() => backups.close());
    const kept = await openWallet({ dataDirectory, passphrase: options.passphrase });
    // A driver takes seconds to start, as peers do to answer: side by side.
    const opening = openChecker(options, host);
    opening.catch(() => {});
    closers.add(async () => (await opening.catch(() => null))?.stop());
    let gpu: GpuHost | null = null;
    const { chainId, token } = options.chain;
    const wallet = kept.forChain(chainId);
    const chain = createChainClient({ settings: options.chain, wallet });
    closers.add(() => chain.close());
    const store = withInputs(
      await openInputStore({
        directories: [host.assetsDirectory, join(dataDirectory, 'models'), join(dataDirectory, 'scenes')],
        indexPath: join(dataDirectory, 'inputs.json'),
      }),
      options.inputs,
    );
    const adapterClass = (): string => (gpu === null ? 'none' : adapterClassOf(gpu.description));
    const network = await createNetwork(
      {
        signer: wallet,
        chainId,
        token,
        describe: () => ({ provides: false, name: 'hearth request', adapterClass: adapterClass() }),
        handlers,
        log,
      },
      {
        dataDirectory: join(dataDirectory, 'network'),
        listen: options.listen,
        bootstrap: options.bootstrap,
        mdns: options.mdns,
      },
    );
    closers.add(() => network.stop());
    gpu = await opening;
    const payments = createRequesterPayments({ ledger, chain, signer: wallet });
    const requester = createRequester({
      network,
      payments,
      signer: wallet,
      chainId,
      shaderSetHash: await host.readShaderSetHash(),
      ...(gpu === null ? {} : { worker: gpu.worker }),
      store,
      unfinished: openUnfinishedPictures(join(dataDirectory, 'unfinished'), log),
      adapterClass,
      providerWaitMs: options.providerWaitMs,
      log,
    });
    closers.add(() => requester.close());
    return { requester, payments, network, walletAddress: kept.address, gpu, stop: () => closers.closeAll(log) };
  } catch (error) {
    await closers.closeAll(log);
    throw error;
  }
}

/** There is none, or only one that nobody asked for: then what comes is accepted as it is signed. */
const withoutCard = new Set(['NO_ADAPTER', 'SOFTWARE_ONLY']);

async function openChecker(
  { adapter, dataDirectory, log }: BuyerOptions,
  host: Pick<NodeHost, 'openGpu'>,
): Promise<GpuHost | null> {
  if (adapter === null) return null;
  const held = holdLog(log);
  try {
    const gpu = await host.openGpu({ adapter, dataDirectory, log: held.log });
    held.release();
    log(gpu.announce);
    return gpu;
  } catch (error) {
    if (adapter !== 'real' || !(error instanceof GpuWorkerError) || !withoutCard.has(error.code)) {
      held.release();
      throw error;
    }
    log(
      'No GPU is here to check results with: they are accepted as the provider signs them. --adapter software checks.',
    );
    return null;
  }
}

function withInputs(store: InputStore, inputs: readonly StoredInput[]): InputStore {
  return {
    find: async (sha256) => inputs.find((input) => input.sha256 === sha256) ?? store.find(sha256),
    list: async () => [...inputs, ...(await store.list())],
  };
}
