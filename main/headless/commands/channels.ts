import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { formatAmount, tokenName } from '../../../protocol/money.ts';
import type { ChannelSnapshot } from '../../../protocol/node-api.ts';
import { CommandError, exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { prepareOutputFile, writeOutputFile } from '../files.ts';
import { openBooks } from '../open-books.ts';

export const channelsCommand = defineCommand({
  words: ['channels'],
  summary: 'Show every payment channel: what it holds, covers, owes and what is claimed of it',
  details:
    'Asks the running node, or reads the ledger where none runs. --export saves the newest voucher of every channel from whatever ' +
    'can still be read, also from a ledger that fails its check; it changes nothing.',
  options: { export: { kind: 'text', placeholder: 'FILE', summary: 'save the vouchers as JSON instead' } },
  async run({ dataDirectory, signal, output }, options) {
    if (options.export !== undefined) return exportVouchers(dataDirectory, options.export, output);
    const books = await openBooks(dataDirectory, signal);
    try {
      const channels = await books.listChannels();
      output.data(channels);
      for (const channel of channels) for (const line of renderChannel(channel)) output.text(line);
      if (channels.length === 0) output.text('No channels yet.');
    } finally {
      books.close();
    }
    return exitCodes.done;
  },
});

function format(amount: string): string {
  return `${formatAmount(BigInt(amount))} ${tokenName}`;
}

function renderChannel(channel: ChannelSnapshot): readonly string[] {
  const { role, counterparty, balance, ceiling, owed, claimed, closesAtMs } = channel;
  const who = role === 'provider' ? `paid by ${counterparty}` : `paying ${counterparty}`;
  const closing = closesAtMs === null ? '' : `, closes ${new Date(closesAtMs).toISOString()}`;
  return [
    `${channel.channelId}  ${who}${closing}`,
    `  deposit ${format(balance)}, covered ${format(ceiling)}, earned ${format(owed)}, claimed ${format(claimed)}`,
  ];
}

async function exportVouchers(
  dataDirectory: string,
  file: string,
  output: { data(value: unknown): void; text(line: string): void; log(line: string): void },
) {
  const { rescueVouchers } = await import('../../ledger/index.ts');
  const ledgerPath = join(dataDirectory, 'ledger.db');
  if (!existsSync(ledgerPath) && !existsSync(`${ledgerPath}.vouchers`)) {
    throw new CommandError('FILE_UNREADABLE', `no node has run on ${dataDirectory}: there is no ledger`, {
      data: { path: ledgerPath },
    });
  }
  const { vouchers, problems } = rescueVouchers(ledgerPath);
  const path = await prepareOutputFile('--export', file);
  const text = JSON.stringify({ version: 1, vouchers }, (_key, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  await writeOutputFile('--export', path, new TextEncoder().encode(`${text}\n`));
  for (const problem of problems) output.log(problem);
  output.data({ path, vouchers: vouchers.length, problems });
  output.text(`Saved the newest vouchers of ${vouchers.length} channels to ${path}.`);
  return exitCodes.done;
}
