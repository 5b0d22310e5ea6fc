/** Real nodes over real TCP on this machine's loopback, with wallets and data folders of their own. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { id, Wallet } from 'ethers';
import { createNetwork, type HearthNetwork, type NetworkHandlers } from '../../main/network/index.ts';
import { createWallet } from '../../main/payment/index.ts';
import type { Signer } from '../../main/payment/types.ts';
import type { Hex } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';

export const testChainId = 31_337n;
export const testToken: Hex = `0x${'70'.repeat(20)}`;

/** The same wallet for the same name, on every run. */
export function testSigner(name: string, chainId = testChainId): Signer {
  const { privateKey, address } = testKey(name);
  return { ...createWallet(privateKey, chainId), address: address.toLowerCase() as Hex };
}

/** The key of {@link testSigner} in hands that sign whatever they like. */
export function testKey(name: string): Wallet {
  return new Wallet(id(`hearth test wallet ${name}`));
}

export const silentHandlers: NetworkHandlers = {
  quote: () => Promise.resolve(refuse('NOT_ACCEPTING', 'this node takes no tasks')),
  task: (stream) => stream.close(),
  refund: () => Promise.resolve(refuse('CHANNEL_UNKNOWN', 'no such channel')),
  receipt: () => Promise.resolve(refuse('UNKNOWN_AGREEMENT', 'no such agreement')),
};

export interface TestNodeOptions {
  readonly handlers?: Partial<NetworkHandlers>;
  readonly provides?: boolean;
  readonly listens?: boolean;
  readonly chainId?: bigint;
  readonly nowMs?: () => number;
  readonly bootstrap?: readonly string[];
  readonly dataDirectory?: string;
  readonly signer?: Signer;
}

export interface TestNode {
  readonly network: HearthNetwork;
  readonly signer: Signer;
  readonly dataDirectory: string;
  readonly log: string[];
  address(): string;
}

export interface Loopback {
  start(name: string, options?: TestNodeOptions): Promise<TestNode>;
  stop(): Promise<void>;
}

export function createLoopback(): Loopback {
  const nodes: TestNode[] = [];
  const directories: string[] = [];
  return {
    async start(name, options = {}) {
      const dataDirectory = options.dataDirectory ?? (await mkdtemp(join(tmpdir(), 'hearth-network-')));
      directories.push(dataDirectory);
      const signer = options.signer ?? testSigner(name, options.chainId);
      const log: string[] = [];
      const network = await createNetwork(
        {
          signer,
          chainId: options.chainId ?? testChainId,
          token: testToken,
          describe: () => ({ provides: options.provides ?? true, name, adapterClass: 'test adapter' }),
          handlers: { ...silentHandlers, ...options.handlers },
          log: (sentence) => log.push(sentence),
          ...(options.nowMs === undefined ? {} : { nowMs: options.nowMs }),
        },
        {
          dataDirectory,
          listen: options.listens === false ? [] : ['/ip4/127.0.0.1/tcp/0'],
          bootstrap: options.bootstrap ?? [],
        },
      );
      const node: TestNode = {
        network,
        signer,
        dataDirectory,
        log,
        address() {
          const address = network.addresses()[0];
          if (address === undefined) throw new Error(`${name} listens nowhere`);
          return address;
        },
      };
      nodes.push(node);
      return node;
    },
    async stop() {
      await Promise.all(nodes.map((node) => node.network.stop()));
      await Promise.all(directories.map((directory) => rm(directory, { recursive: true, force: true })));
    },
  };
}
