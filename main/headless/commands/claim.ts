import { formatAmount } from '../../../protocol/money.ts';
import { openApiClient } from '../api-client.ts';
import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';

export const claimCommand = defineCommand({
  words: ['claim'],
  summary: 'Claim on chain what is earned, and settle it to the payout address',
  options: {},
  async run({ dataDirectory, signal, output }) {
    const client = await openApiClient(dataDirectory, signal);
    const { earnings } = await client.request('getSnapshot', {});
    const report = await client.request('claim', {});
    output.data(report);
    const format = (amount: string): string =>
      `${formatAmount(BigInt(amount), earnings.decimals)} ${earnings.currency}`;
    if (BigInt(report.claimed) === 0n && BigInt(report.settled) === 0n) {
      output.text('Nothing new to claim.');
      return exitCodes.done;
    }
    const channels = `${report.channels} ${report.channels === 1 ? 'channel' : 'channels'}`;
    output.text(`Claimed ${format(report.claimed)} on ${channels}, settled ${format(report.settled)}.`);
    return exitCodes.done;
  },
});
