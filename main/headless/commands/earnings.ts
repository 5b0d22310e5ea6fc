import { formatAmount } from '../../../protocol/money.ts';
import type { EarningEntry } from '../../../protocol/node-api.ts';
import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { openBooks } from '../open-books.ts';

const csvColumns = [
  'time',
  'role',
  'kind',
  'counterparty',
  'units',
  'amount',
  'amount_smallest_unit',
  'basis',
  'state',
  'agreement',
];

export const earningsCommand = defineCommand({
  words: ['earnings'],
  summary: 'Show what each task earned or cost, as the receipts say',
  details:
    'Asks the running node, or reads the ledger where none runs. With --csv one line for each task, amounts exact to the last unit.',
  options: { csv: { kind: 'flag', summary: 'comma-separated values with a line of names' } },
  async run({ dataDirectory, signal, output }, { csv }) {
    const books = await openBooks(dataDirectory, signal);
    try {
      const totals = await books.earnings();
      if (csv) output.text(csvColumns.join(','));
      const entries: EarningEntry[] = [];
      for await (const entry of books.entries()) {
        if (csv) output.text(renderCsv(entry, totals.decimals));
        else entries.push(entry);
      }
      if (csv) return exitCodes.done;
      const { currency, decimals } = totals;
      const format = (amount: string): string => `${formatAmount(BigInt(amount), decimals)} ${currency}`;
      const { earned, claimed, settled, spent } = totals;
      output.data({ currency, decimals, earned, claimed, settled, spent, entries });
      for (const { atMs, role, kind, units, amount, counterparty } of entries) {
        const sign = role === 'provider' ? '+' : '-';
        output.text(
          `${new Date(atMs).toISOString()}  ${sign}${format(amount)}  ${kind}, ${units} units, ${counterparty}`,
        );
      }
      output.text(
        `Earned ${format(earned)}, claimed ${format(claimed)}, settled ${format(settled)}; spent ${format(spent)}.`,
      );
      return exitCodes.done;
    } finally {
      books.close();
    }
  },
});

/** No field can hold a comma or a quote: all are numbers, addresses, hashes or words of ours. */
function renderCsv(entry: EarningEntry, decimals: number): string {
  const { atMs, role, kind, counterparty, units, amount, basis, state, agreementHash } = entry;
  const time = new Date(atMs).toISOString();
  const whole = exactDecimal(BigInt(amount), decimals);
  return [time, role, kind, counterparty, units, whole, amount, basis, state, agreementHash].join(',');
}

/** All decimals, no grouping, no rounding: what a spreadsheet adds up. */
function exactDecimal(amount: bigint, decimals: number): string {
  const digits = amount.toString().padStart(decimals + 1, '0');
  return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`;
}
