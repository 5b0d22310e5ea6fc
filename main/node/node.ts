import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type {
  NodeAlarm,
  NodeApi,
  NodeRequestName,
  NodeRequests,
  NodeSnapshot,
  NodeState,
} from '../../protocol/node-api.ts';
import { openLedger, type Ledger } from '../ledger/index.ts';
import { createOwnerControl, type OwnerControl } from '../owner/owner-control.ts';
import { openWallet, type KeptWallet } from '../payment/index.ts';
import { type Requester, toRefundEntry } from '../requester/index.ts';
import { openInputStore } from '../store/input-store.ts';
import { watchAdapter, type AdapterWatch } from './adapter-watch.ts';
import { remindOfBackup } from './backup-reminder.ts';
import { createClaimPolicy } from './claim-policy.ts';
import { Closers } from './closers.ts';
import { keepBackups } from './ledger-backups.ts';
import { createLiveTasks } from './live-tasks.ts';
import { modelBudgetBytes } from './model-fit.ts';
import type { GpuHost, NodeHost, NodeOptions } from './node-options.ts';
import { decideNodeState } from './node-state.ts';
import { createSnapshotFeed } from './snapshot-feed.ts';
import { openTrade, type Trade } from './trade.ts';

export interface RunningNode {
  readonly api: NodeApi;
  /** Null while no chain is configured: buying needs one as much as earning. */
  readonly requester: Requester | null;
  readonly walletAddress: `0x${string}`;
  /** Dials a peer by multiaddress. @throws NetworkError */
  connect(address: string): Promise<void>;
  /** Hands back what runs, then closes network, GPU and ledger. Safe to call twice. */
  stop(): Promise<void>;
  /** Resolves when the node has stopped, whoever asked. */
  readonly closed: Promise<void>;
}

const noChain = {
  reason: 'No chain is configured: deposits could not be checked and nothing could be claimed.',
  fix: 'Start with --rpc-url and --token of the chain that pays.',
};

/**
 * Starts a node: ledger, wallet, GPU worker, then network and trade. The state is `starting` until all is up.
 *
 * @throws LedgerError, PaymentError (wallet), GpuWorkerError (no adapter), NetworkError (port in use), StoreError. What was
 * opened before the failure is closed again.
 */
export async function startNode(options: NodeOptions, host: NodeHost): Promise<RunningNode> {
  const closers = new Closers();
  try {
    await mkdir(options.dataDirectory, { recursive: true, mode: 0o700 });
    const ledger = openLedger({ path: join(options.dataDirectory, 'ledger.db') });
    closers.add(() => ledger.close());
    const { dataDirectory, passphrase, keyStore, log } = options;
    const backups = keepBackups(ledger, { directory: join(dataDirectory, 'backups'), log });
    closers.add(() => backups.close());
    const wallet = await openWallet({ dataDirectory, passphrase, keyStore });
    const gpu = await host.openGpu({ adapter: options.adapter, dataDirectory, log });
    closers.add(() => gpu.stop());
    log(gpu.announce);
    return await composeNode(options, host, { ledger, wallet, gpu, closers });
  } catch (error) {
    await closers.closeAll(options.log);
    throw error;
  }
}

interface Opened {
  readonly ledger: Ledger;
  readonly wallet: KeptWallet;
  readonly gpu: GpuHost;
  readonly closers: Closers;
}

async function composeNode(options: NodeOptions, host: NodeHost, opened: Opened): Promise<RunningNode> {
  const { ledger, wallet, gpu, closers } = opened;
  const { promise: closed, resolve: resolveClosed } = Promise.withResolvers<void>();
  const tasks = createLiveTasks((limit) => ledger.listTasks(limit));
  let trade: Trade | null = null;
  let policy: { readonly alarms: readonly NodeAlarm[] } | null = null;
  let started = false;
  let stopping: Promise<void> | null = null;
  let shown: NodeState = { name: 'starting', reason: '', sinceMs: Date.now() };

  function readState(): NodeState {
    const next = decideNodeState({
      stopped: stopping !== null,
      started,
      blocked: options.chain === null ? noChain : null,
      owner: owner.decision,
      runningTasks: trade?.runner.openTasks ?? 0,
      peerCount: trade?.network.peers().length ?? 0,
      isSoftwareAdapter: gpu.description.isSoftware,
    });
    const same = next.name === shown.name && next.reason === shown.reason;
    // The clock of a state runs on while only its sentence changes, as with a count of peers.
    shown = { ...next, sinceMs: same || next.name === shown.name ? shown.sinceMs : Date.now() };
    return shown;
  }

  const buildSnapshot = (): NodeSnapshot => ({
    version: options.version ?? 'unknown',
    name: options.name ?? 'hearth',
    state: readState(),
    adapter: adapter?.snapshot ?? null,
    peerId: trade?.network.peerId ?? null,
    addresses: trade?.network.addresses() ?? [],
    peerCount: trade?.network.peers().length ?? 0,
    wallet: wallet.address,
    chainId: options.chain === null ? null : Number(options.chain.chainId),
    x402Url: trade?.x402Url ?? null,
    tasks: tasks.list(),
    earnings: ledger.earnings(),
    alarms: policy?.alarms ?? [],
  });

  const feed = createSnapshotFeed(buildSnapshot);
  const owner: OwnerControl = createOwnerControl();
  const adapter: AdapterWatch = watchAdapter(gpu, host, () => feed.changed(), options.log);
  closers.add(() => adapter.close());
  closers.add(() => owner.close());
  owner.onChange((decision) => {
    feed.changed();
    if (decision.kind !== 'pause') return;
    void trade?.runner.handBack(decision.reason).then(() => feed.changed());
  });

  if (options.chain !== null) {
    const { assetsDirectory } = host;
    const { dataDirectory } = options;
    trade = await openTrade(
      {
        ledger,
        wallet,
        gpu,
        chain: options.chain,
        store: await openInputStore({
          directories: [assetsDirectory, join(dataDirectory, 'models'), join(dataDirectory, 'scenes')],
          indexPath: join(dataDirectory, 'inputs.json'),
        }),
        shaderSetHash: await host.readShaderSetHash(),
        isOwnerPresent: () => host.isOwnerPresent?.() ?? false,
        modelBudgetBytes: () => modelBudgetBytes(adapter.snapshot.memoryBytes),
        closedReason: () =>
          stopping !== null ? 'The node is stopping.' : owner.decision.kind === 'work' ? null : owner.decision.reason,
        onTask: (task) => {
          tasks.note(task);
          feed.changed();
        },
        onChange: () => feed.changed(),
      },
      options,
    );
    const { runner, watch } = trade;
    const open = trade;
    closers.add(() => open.stop());
    const opened = createClaimPolicy({
      watch,
      ...(options.provides === false ? {} : { remind: remindOfBackup(dataDirectory, wallet.address) }),
      log: options.log,
      onChange: () => feed.changed(),
    });
    policy = opened;
    closers.add(() => opened.close());
    closers.add(() => runner.handBack('The node is stopping.'));
  }
  started = true;
  feed.changed();

  const stop = (): Promise<void> => {
    stopping ??= (async () => {
      feed.close();
      await closers.closeAll(options.log);
      resolveClosed();
    })();
    return stopping;
  };

  type Answers = { [Name in NodeRequestName]: (parameters: NodeRequests[Name][0]) => Promise<NodeRequests[Name][1]> };
  const afterOwner = (): Promise<NodeState> => {
    feed.changed();
    return Promise.resolve(readState());
  };
  const answers: Answers = {
    getSnapshot: () => Promise.resolve(buildSnapshot()),
    pause: async ({ minutes }) => {
      owner.pause(minutes);
      return afterOwner();
    },
    resume: () => {
      owner.resume();
      return afterOwner();
    },
    finish: () => {
      owner.finish();
      return afterOwner();
    },
    claim: async () => {
      const report = await trade?.payments.claimAndSettle();
      feed.changed();
      return {
        claimed: (report?.claimed ?? 0n).toString(),
        settled: (report?.settled ?? 0n).toString(),
        channels: report?.channels ?? 0,
      };
    },
    refund: async ({ channelId }) => {
      const outcomes = (await trade?.requester.collectRefunds(channelId)) ?? [];
      feed.changed();
      return outcomes.map(toRefundEntry);
    },
    listEarnings: ({ after, limit }) => Promise.resolve(ledger.listEarnings(after, limit)),
    listChannels: () => Promise.resolve(ledger.channelSnapshots()),
    stop: () => {
      // The answer must get out before the server that carries it closes.
      setTimeout(() => void stop(), 50);
      return Promise.resolve(null);
    },
  };

  return {
    api: {
      request: <Name extends NodeRequestName>(name: Name, parameters: NodeRequests[Name][0]) =>
        answers[name](parameters),
      subscribe: (listener) => feed.subscribe(listener),
    },
    requester: trade?.requester ?? null,
    walletAddress: wallet.address,
    async connect(address) {
      await trade?.network.connect(address);
    },
    stop,
    closed,
  };
}
