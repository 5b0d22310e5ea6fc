import { join } from 'node:path';
import type { Hex, NumericProfile } from '../../protocol/agreement.ts';
import { numericProfileOf } from '../../protocol/numeric-profile.ts';
import type { TaskSnapshot } from '../../protocol/node-api.ts';
import type { Ledger } from '../ledger/index.ts';
import { adapterClassOf } from '../market/adapter-class.ts';
import { defaultPrices, type PriceList } from '../market/pricing.ts';
import { createNetwork, type HearthNetwork } from '../network/index.ts';
import {
  createChainClient,
  createClaimWatch,
  createProviderPayments,
  createRequesterPayments,
  readWalletSettings,
  type ChainSettings,
  type ClaimWatch,
  type KeptWallet,
  type ProviderPayments,
} from '../payment/index.ts';
import { createRequester, type Requester } from '../requester/index.ts';
import type { InputStore } from '../store/input-store.ts';

import type { GpuHost, NodeOptions } from './node-options.ts';
import { createTaskRunner, type TaskRunner } from './task-runner.ts';
import type { X402Endpoint } from './x402/endpoint.ts';
import { openX402 } from './x402/open-x402.ts';

export interface TradeComponents {
  readonly ledger: Ledger;
  readonly wallet: KeptWallet;
  readonly gpu: GpuHost;
  readonly store: InputStore;
  readonly shaderSetHash: Hex;
  /** GPU memory that a model may take; null where nobody knows. */
  readonly modelBudgetBytes: () => number | null;
  readonly chain: ChainSettings;
  readonly isOwnerPresent: () => boolean;
  readonly closedReason: () => string | null;
  readonly onTask: (task: TaskSnapshot) => void;
  readonly onChange: () => void;
}

/** Everything that needs a chain: the network (its identity is bound to a wallet), selling and buying. */
export interface Trade {
  readonly network: HearthNetwork;
  readonly runner: TaskRunner;
  readonly requester: Requester;
  readonly payments: ProviderPayments;
  readonly watch: ClaimWatch;
  /** Where x402 clients buy by HTTP; null where that is not offered. */
  readonly x402Url: string | null;
  /** Ends the network and the requester; tasks must have been handed back before. */
  stop(): Promise<void>;
}

/** @throws NetworkError PEER_KEY or LISTEN; PaymentError when the chain is not the one that was configured. */
export async function openTrade(components: TradeComponents, options: NodeOptions): Promise<Trade> {
  const { ledger, gpu, store, shaderSetHash, onChange } = components;
  const provides = options.provides ?? true;
  const { chainId, token } = components.chain;
  const wallet = components.wallet.forChain(chainId);
  const chain = createChainClient({ settings: components.chain, wallet });
  const { payoutAddress } = readWalletSettings(options.dataDirectory);
  const payout = payoutAddress === null ? {} : { payoutAddress };
  const payments = createProviderPayments({ ledger, chain, signer: wallet, ...payout });
  const adapterClass = (): string => adapterClassOf(gpu.description);
  const numericProfile = (): NumericProfile => numericProfileOf(gpu.description);
  const prices = (): PriceList => ({ ...defaultPrices, ...options.prices });
  let network: HearthNetwork | undefined;
  const runner = createTaskRunner({
    worker: gpu.worker,
    workerReady: () => gpu.ready(),
    payments,
    signer: wallet,
    store,
    chainId,
    shaderSetHash,
    modelBudgetBytes: components.modelBudgetBytes,
    isOwnerPresent: components.isOwnerPresent,
    adapterClass,
    numericProfile,
    ...payout,
    prices,
    closedReason: () => (provides ? components.closedReason() : 'This node only buys.'),
    onTask: components.onTask,
    penalise: (peerId, offence, detail) => network?.penalise(peerId, offence, detail),
    log: options.log,
  });
  try {
    network = await createNetwork(
      {
        signer: wallet,
        chainId,
        token,
        describe: () => ({ provides, name: options.name ?? 'hearth', adapterClass: adapterClass() }),
        handlers: runner.handlers,
        log: options.log,
      },
      {
        dataDirectory: join(options.dataDirectory, 'network'),
        listen: options.listen,
        bootstrap: options.bootstrap,
        mdns: options.mdns ?? false,
      },
    );
  } catch (error) {
    chain.close();
    throw error;
  }
  let x402: X402Endpoint | null = null;
  if (options.x402 !== undefined && provides) {
    const receiver = payoutAddress ?? wallet.address;
    const parts = { chain, wallet, ledger, payments, runner, store, receiver, shaderSetHash, numericProfile };
    try {
      x402 = await openX402({ ...parts, prices, adapterClass, log: options.log }, options.x402);
    } catch (error) {
      await network.stop();
      chain.close();
      throw error;
    }
  }
  const requester = createRequester({
    network,
    payments: createRequesterPayments({ ledger, chain, signer: wallet }),
    signer: wallet,
    chainId,
    shaderSetHash,
    worker: gpu.worker,
    store,
    adapterClass,
    onTask: components.onTask,
    log: options.log,
  });
  const ended = network.onPeersChanged(() => onChange());
  const opened = network;
  return {
    network: opened,
    runner,
    requester,
    payments,
    watch: createClaimWatch({ ledger, chain, payments, walletAddress: wallet.address }),
    x402Url: x402?.url ?? null,
    async stop() {
      ended();
      await x402?.close();
      requester.close();
      await opened.stop();
      chain.close();
    },
  };
}
