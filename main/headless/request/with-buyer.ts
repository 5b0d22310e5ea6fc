import { formatAmount, tokenName } from '../../../protocol/money.ts';
import type { Buyer } from '../../node/buyer.ts';
import type { StoredInput } from '../../store/input-store.ts';
import { findRunningNode } from '../api-client.ts';
import { readChain } from '../chain-options.ts';
import { CommandError, UsageError } from '../cli-errors.ts';
import type { CommandContext } from '../command-definition.ts';
import { takeSecret } from '../secrets.ts';
import { readProvider, type ConnectOptionValues } from './request-options.ts';

/** A buyer that is connected as far as it was told to whom. */
export interface Session extends Buyer {
  readonly chainId: bigint;
  /** The only peer to buy from. */
  readonly provider?: string;
  /** What a peer calls itself, or its id. */
  nameOf(peerId: string): string;
}

/**
 * Starts a buyer on the data folder for one request, says what became of an earlier one that was cut off, and ends it
 * however `work` ends.
 *
 * @throws UsageError, CommandError, and what starting it throws
 */
export async function withBuyer<Result>(
  context: CommandContext,
  options: ConnectOptionValues,
  /** Called once nothing of the command line stands in the way. */
  listInputs: () => Promise<readonly StoredInput[]>,
  work: (session: Session, inputs: readonly StoredInput[]) => Promise<Result>,
): Promise<Result> {
  const { dataDirectory, adapter, listen, bootstrap, signal, output } = context;
  const { peerId, address } = readProvider(options.provider);
  if (options['rpc-url'].length === 0) {
    throw new UsageError(
      'MISSING_OPTION',
      'a request is paid: --rpc-url URL and --token ADDRESS of the chain are missing',
    );
  }
  const inputs = await listInputs();
  const running = await findRunningNode(dataDirectory);
  if (running !== undefined) {
    throw new CommandError(
      'NODE_ALREADY_RUNNING',
      `a node runs on ${dataDirectory} and holds its books (process ${running.pid}); stop it first, or buy from a folder of its own with --data-dir`,
      { data: { pid: running.pid } },
    );
  }
  const chain = await readChain(options, signal);
  if (chain === null) throw new UsageError('MISSING_OPTION', '--rpc-url URL is missing');
  const passphrase = takeSecret('HEARTH_PASSPHRASE');
  const { startHeadlessBuyer } = await import('../headless-node.ts');
  signal.throwIfAborted();
  const buyer = await startHeadlessBuyer({
    dataDirectory,
    adapter: options['no-check'] ? null : adapter,
    listen,
    bootstrap,
    mdns: !options['no-mdns'],
    chain,
    passphrase,
    inputs,
    providerWaitMs: options.wait * 1_000,
    log: (line) => output.log(line),
  });
  try {
    for (const task of await buyer.requester.interrupted) {
      const { kind, provider, unitsDone, maxUnits, amountDue, startedAtMs } = task;
      output.data({ event: 'interrupted', ...task });
      output.log(
        `An earlier request was cut off: the ${kind} of ${new Date(startedAtMs).toISOString()} with ${provider}. ${unitsDone} of ${maxUnits} units had arrived and cost ${formatAmount(amountDue)} ${tokenName}; the receipt goes to the provider when it is met again.`,
      );
    }
    const dialled = address === undefined ? undefined : (await buyer.network.connect(address, { signal })).peerId;
    const provider = peerId ?? dialled;
    if (provider === undefined)
      await meet(buyer.network, { expected: bootstrap.length, mdns: !options['no-mdns'], signal });
    const only = provider === undefined ? {} : { provider };
    return await work({ ...buyer, chainId: chain.chainId, nameOf: namesFrom(buyer.network), ...only }, inputs);
  } finally {
    await buyer.stop();
  }
}

/** Names are remembered: a peer that is lost has still to be spoken of. */
function namesFrom(network: Buyer['network']): (peerId: string) => string {
  const names = new Map<string, string>();
  return (peerId) => {
    for (const peer of network.peers()) names.set(peer.peerId, peer.name);
    return names.get(peerId) ?? peerId;
  };
}

/** For all that were named; and what a local network needs to answer where nobody was. */
const namedWithinMs = 5_000;
const nearbyWithinMs = 2_000;

/** The cheapest of all is chosen, and a picture is dealt out to all: so they get a moment to answer. */
async function meet(
  network: Buyer['network'],
  { expected, mdns, signal }: { readonly expected: number; readonly mdns: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const isMet = (): boolean => (expected > 0 || !mdns) && network.peers().length >= expected;
  if (isMet()) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, expected > 0 ? namedWithinMs : nearbyWithinMs);
  const unsubscribe = network.onPeersChanged(() => {
    if (isMet()) resolve();
  });
  signal.addEventListener('abort', () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  unsubscribe();
  signal.throwIfAborted();
}
