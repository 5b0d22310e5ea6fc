import { formatAmount } from '../../../protocol/money.ts';
import { openApiClient } from '../api-client.ts';
import { UsageError, exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';

export const refundCommand = defineCommand({
  words: ['refund'],
  summary: 'Ask providers to give back what is left of your deposits',
  details:
    'Of one channel, or of all that hold more than was promised. The provider claims what it is owed, gives the rest back and pays ' +
    'the gas; what a voucher covers stays. Exit 3 when none gave anything back.',
  options: {},
  positionals: [{ name: 'CHANNEL', summary: 'its id, as "hearth channels" shows it; all when left out' }],
  async run({ dataDirectory, signal, output }, _options, [channelId]) {
    if (channelId !== undefined && !/^0x[0-9a-f]{64}$/i.test(channelId)) {
      throw new UsageError(
        'INVALID_VALUE',
        `CHANNEL must be 0x and 64 hex digits, it was given "${channelId.slice(0, 80)}"`,
      );
    }
    const client = await openApiClient(dataDirectory, signal);
    const entries = await client.request('refund', channelId === undefined ? {} : { channelId });
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
