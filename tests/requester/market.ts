/** Providers and a requester on loopback: real network, real protocols, real signatures; toy GPU and money in memory. */
import type { TaskSnapshot } from '../../protocol/node-api.ts';
import type { PriceList } from '../../main/market/pricing.ts';
import { createTaskRunner, type TaskRunner } from '../../main/node/task-runner.ts';
import { createRequester, type Requester, type RequesterComponents } from '../../main/requester/index.ts';
import { createLoopback, testChainId, type TestNode, testSigner } from '../network/loopback.ts';
import {
  memoryProviderPayments,
  type MemoryProviderPayments,
  memoryRequesterPayments,
  type MemoryRequesterPayments,
} from './memory-payments.ts';
import { createToyWorker, type ToyWorker, type ToyWorkerOptions, toyStore } from './toy-worker.ts';

export const shaderSetHash = `0x${'5e'.repeat(32)}` as const;
const toyClass = 'toy adapter';

export interface Seller {
  readonly node: TestNode;
  readonly runner: TaskRunner;
  readonly payments: MemoryProviderPayments;
  readonly worker: ToyWorker;
  readonly tasks: TaskSnapshot[];
}

export interface Buyer {
  readonly node: TestNode;
  readonly requester: Requester;
  readonly payments: MemoryRequesterPayments;
}

export interface SellerOptions extends ToyWorkerOptions {
  readonly prices?: PriceList;
  readonly closedReason?: () => string | null;
  readonly maxOpenTasks?: number;
  readonly isOwnerPresent?: () => boolean;
  readonly log?: (sentence: string) => void;
}

export function createMarket() {
  const loopback = createLoopback();
  const sellers: Seller[] = [];
  const buyers: Buyer[] = [];
  return {
    loopback,
    async addSeller(name: string, options: SellerOptions = {}): Promise<Seller> {
      const signer = testSigner(name);
      const payments = memoryProviderPayments(signer);
      const worker = createToyWorker(options);
      const tasks: TaskSnapshot[] = [];
      const started: { node?: TestNode } = {};
      const runner = createTaskRunner({
        worker,
        payments,
        signer,
        store: toyStore,
        chainId: testChainId,
        shaderSetHash,
        adapterClass: () => toyClass,
        numericProfile: () => 'f32',
        prices: () => options.prices ?? { chat: 1_000_000n, render: 1_000n },
        closedReason: options.closedReason ?? (() => null),
        ...(options.isOwnerPresent === undefined ? {} : { isOwnerPresent: options.isOwnerPresent }),
        ...(options.maxOpenTasks === undefined ? {} : { maxOpenTasks: options.maxOpenTasks }),
        ...(options.log === undefined ? {} : { log: options.log }),
        onTask: (task) => tasks.push(task),
        penalise: (peerId, offence, detail) => started.node?.network.penalise(peerId, offence, detail),
      });
      const node = await loopback.start(name, { handlers: runner.handlers, signer });
      started.node = node;
      const seller = { node, runner, payments, worker, tasks };
      sellers.push(seller);
      return seller;
    },
    async addBuyer(name = 'buyer', options: Partial<RequesterComponents> = {}): Promise<Buyer> {
      const signer = testSigner(name);
      const node = await loopback.start(name, { signer, listens: false, provides: false });
      const payments = memoryRequesterPayments(signer);
      const requester = createRequester({
        network: node.network,
        payments,
        signer,
        chainId: testChainId,
        shaderSetHash,
        adapterClass: () => toyClass,
        providerWaitMs: 0,
        ...options,
      });
      for (const seller of sellers) await node.network.connect(seller.node.address());
      const buyer = { node, requester, payments };
      buyers.push(buyer);
      return buyer;
    },
    async stop() {
      for (const { requester } of buyers) requester.close();
      await loopback.stop();
    },
  };
}

export type Market = ReturnType<typeof createMarket>;
export { createToyWorker, toyStore };
