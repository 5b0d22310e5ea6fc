import { formatAmount } from '../../../protocol/money.ts';
import type { RefundEntry } from '../../../protocol/node-api.ts';
import { findRunningNode } from '../api-client.ts';
import { chainOptions, discoveryOptions } from '../chain-options.ts';
import { CommandError, exitCodes, UsageError } from '../cli-errors.ts';
import { type CommandContext, defineCommand } from '../command-definition.ts';
import type { ConnectOptionValues } from '../request/request-options.ts';

export const refundCommand = defineCommand({
  words: ['refund'],
  summary: 'Ask providers to give back what is left of your deposits',
  details:
    'Of one channel, or of all that hold more than was promised. The provider claims what it is owed, gives the rest back and pays ' +
    'the gas; what a voucher covers stays. Exit 3 when none gave anything back. Through the running node, or without one where --rpc-url\nnames the chain and --bootstrap the providers.',
  options: { ...chainOptions, ...discoveryOptions },
  positionals: [{ name: 'CHANNEL', summary: 'its id, as "hearth channels" shows it; all when left out' }],
  async run(context, options, [channelId]) {
    const { output } = context;
    if (channelId !== undefined && !/^0x[0-9a-f]{64}$/i.test(channelId)) {
      throw new UsageError(
        'INVALID_VALUE',
        `CHANNEL must be 0x and 64 hex digits, it was given "${channelId.slice(0, 80)}"`,
      );
    }
    const entries = await ask(context, options, channelId);
    output.data(entries);
    for (const { channelId: id, refunded, refusal } of entries) {
      const said =
        refusal === null ? `gave back ${formatAmount(BigInt(refunded))}` : `${refusal.code}: ${refusal.message}`;
      output.text(`${id}  ${said}`);
    }
    if (entries.length === 0) output.text('No channel holds more than was promised on it.');
    const isRefused = entries.length > 0 && entries.every(({ refusal }) => refusal !== null);
    return isRefused ? exitCodes.refused : exitCodes.done;
  },
});

async function ask(
  context: CommandContext,
  options: Omit<ConnectOptionValues, 'provider' | 'wait' | 'no-check'>,
  channelId: string | undefined,
): Promise<readonly RefundEntry[]> {
  const { dataDirectory, signal } = context;
  const node = await findRunningNode(dataDirectory);
  if (node !== undefined) return node.request('refund', channelId === undefined ? {} : { channelId });
  if (options['rpc-url'].length === 0) {
    throw new CommandError(
      'NODE_NOT_RUNNING',
      `no node is running on ${dataDirectory}; start one with "hearth start", or name the chain with --rpc-url and --token to ask without one`,
      { data: { dataDirectory } },
    );
  }
  signal.throwIfAborted();
  const [{ withBuyer }, { toRefundEntry }] = await Promise.all([
    import('../request/with-buyer.ts'),
    import('../../requester/index.ts'),
  ]);
  const connect = { ...options, provider: undefined, wait: 0, 'no-check': true };
  return withBuyer(
    context,
    connect,
    () => Promise.resolve([]),
    async ({ requester }) => {
      const outcomes = await requester.collectRefunds(channelId);
      return outcomes.map(toRefundEntry);
    },
  );
}
