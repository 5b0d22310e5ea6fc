import { join } from 'node:path';
import { noise } from '@chainsafe/libp2p-noise';
import { yamux } from '@chainsafe/libp2p-yamux';
import { identify } from '@libp2p/identify';
import type { Libp2p, PeerId } from '@libp2p/interface';
import { mdns } from '@libp2p/mdns';
import { ping } from '@libp2p/ping';
import { tcp } from '@libp2p/tcp';
import { multiaddr } from '@multiformats/multiaddr';
import { createLibp2p } from 'libp2p';
import { chainIdentity } from '../../protocol/hashing/typed-data.ts';
import { connectionLimits, createConnectionGater } from './connection-gater.ts';
import { createHello, type Hello } from './hello/index.ts';
import type { NetworkComponents, NetworkOptions } from './index.ts';
import { keepConnected } from './keep-connected.ts';
import { NetworkError } from './network-error.ts';
import { loadPeerKey } from './peer-key.ts';
import { createPeerPenalties } from './peer-penalties.ts';
import { ProtocolHost } from './protocol-host.ts';
import { createQuotes } from './quote/index.ts';
import { createReceipts } from './receipt/index.ts';
import { createRefundRequests } from './refund/index.ts';
import { createTasks } from './task/index.ts';
import type { CallOptions, HearthNetwork, KnownPeer } from './types.ts';
import { errorText } from '../../protocol/errors.ts';

export async function startNetwork(components: NetworkComponents, options: NetworkOptions): Promise<HearthNetwork> {
  const log = components.log ?? (() => {});
  const nowMs = components.nowMs ?? Date.now;
  const privateKey = await loadPeerKey(join(options.dataDirectory, 'peer-key'));
  const penalties = createPeerPenalties({ banFilePath: join(options.dataDirectory, 'peer-bans.json'), nowMs });
  // The gater is part of what makes the node whose connections it counts.
  const running: { libp2p?: Libp2p } = {};
  const libp2p = await createLibp2p({
    start: false,
    privateKey,
    addresses: { listen: [...options.listen] },
    transports: [tcp()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: createConnectionGater({ penalties, connections: () => running.libp2p?.getConnections() ?? [] }),
    connectionManager: {
      maxConnections: connectionLimits.total,
      // The TCP backlog of a small node: more handshakes at once are an attack or a storm.
      maxIncomingPendingConnections: 8,
      // A second, from one host: several nodes of one owner start together.
      inboundConnectionThreshold: 5,
      dialTimeout: 10_000,
      inboundUpgradeTimeout: 10_000,
    },
    ...(options.mdns === true ? { peerDiscovery: [mdns({ serviceTag: 'hearth.local' })] } : {}),
    services: { identify: identify(), ping: ping() },
  });
  running.libp2p = libp2p;

  const host = new ProtocolHost({ libp2p, penalties, log });
  const hello = createHello({
    host,
    privateKey,
    peerId: libp2p.peerId.toString(),
    signer: components.signer,
    chain: chainIdentity(components.chainId),
    token: components.token,
    describe: components.describe,
    nowSeconds: () => BigInt(Math.floor(nowMs() / 1000)),
  });
  const { handlers } = components;
  const quotes = createQuotes({ host, hello, answer: (peer, request) => handlers.quote(peer, request) });
  const tasks = createTasks({ host, hello, serve: (stream) => handlers.task(stream) });
  const receipts = createReceipts({ host, hello, accept: (peer, message) => handlers.receipt(peer, message) });
  const refunds = createRefundRequests({ host, hello, answer: (peer, request) => handlers.refund(peer, request) });
  for (const protocol of [hello, quotes, tasks, receipts, refunds]) await protocol.start();

  libp2p.addEventListener('peer:disconnect', (event) => hello.forget(event.detail.toString()));
  await listen(libp2p, options.listen);
  greetFound(libp2p, hello, log);

  const connect = async (address: string, call: CallOptions = {}): Promise<KnownPeer> => {
    const peerId = await dial(libp2p, address, call);
    return hello.known(peerId.toString()) ?? hello.greet(peerId.toString(), call);
  };
  const keeper = keepConnected({ addresses: options.bootstrap ?? [], connect, hello, log });

  return {
    peerId: libp2p.peerId.toString(),
    addresses: () => libp2p.getMultiaddrs().map(String),
    peers: () => hello.peers(),
    onPeersChanged: (listener) => hello.onChange(() => listener(hello.peers())),
    connect,
    requestQuote: (peerId, request, call) => quotes.request(peerId, request, call),
    openTask: (peerId, call) => tasks.open(peerId, call),
    deliverReceipt: (peerId, message, call) => receipts.deliver(peerId, message, call),
    requestRefund: (peerId, request, call) => refunds.request(peerId, request, call),
    penalise: (peerId, offence, detail) => host.penalise(peerId, offence, detail),
    async stop() {
      keeper.stop();
      await libp2p.stop();
    },
  };
}

async function listen(libp2p: Libp2p, addresses: readonly string[]): Promise<void> {
  try {
    await libp2p.start();
  } catch (error) {
    await libp2p.stop();
    const reason = errorText(error);
    throw new NetworkError('LISTEN', `cannot listen on ${addresses.join(', ')}: ${reason}`, { cause: error });
  }
}

async function dial(libp2p: Libp2p, address: string, { signal }: CallOptions): Promise<PeerId> {
  try {
    const connection = await libp2p.dial(multiaddr(address), signal === undefined ? {} : { signal });
    return connection.remotePeer;
  } catch (error) {
    signal?.throwIfAborted();
    const reason = errorText(error);
    throw new NetworkError('UNREACHABLE', `${address} cannot be reached: ${reason}`, {
      data: { address },
      cause: error,
    });
  }
}

/** Dials peers that discovery names, and greets them; a peer that is not one of ours is left alone. */
function greetFound(libp2p: Libp2p, hello: Hello, log: (sentence: string) => void): void {
  libp2p.addEventListener('peer:discovery', (event) => {
    const { id } = event.detail;
    if (libp2p.getConnections().length >= connectionLimits.total / 2 || libp2p.getConnections(id).length > 0) return;
    const greet = async (): Promise<void> => {
      await libp2p.dial(id);
      if (hello.known(id.toString()) === null) await hello.greet(id.toString());
    };
    greet().catch((error: unknown) => {
      log(`${id.toString()}: found, not greeted: ${errorText(error)}`);
    });
  });
}
