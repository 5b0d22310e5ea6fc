import type { Hex } from '../../protocol/agreement.ts';
import { formatAmount } from '../../protocol/money.ts';
import type { ProviderPart } from '../requester/types.ts';
import { renderTable } from './table.ts';

/** One bought part with its job, as the closing table lists it. */
export interface BoughtPart {
  readonly job: 'chat' | 'render';
  readonly part: ProviderPart;
}

/** What the three books say of one provider once everything is claimed. */
export interface ProviderBooks {
  readonly name: string;
  readonly wallet: Hex;
  /** Sum of the receipts the requester issued to it. */
  readonly receipts: bigint;
  readonly ledgerEarned: bigint;
  readonly ledgerSettled: bigint;
  /** Tokens its wallet holds on chain. */
  readonly onChain: bigint;
}

export interface Closing {
  readonly parts: readonly BoughtPart[];
  readonly books: readonly ProviderBooks[];
}

const paidVerdicts = new Set(['verified', 'accepted', 'partial']);

/** Every sentence names what is wrong; empty when receipts, ledgers and chain agree to the last unit and all was verified. */
export function findDiscrepancies(closing: Closing): string[] {
  const wrong: string[] = [];
  for (const { job, part } of closing.parts) {
    if (!paidVerdicts.has(part.verdict))
      wrong.push(`The ${job} part of ${part.name} was ${part.verdict}: ${part.detail}`);
  }
  for (const { name, receipts, ledgerEarned, ledgerSettled, onChain } of closing.books) {
    if (receipts === ledgerEarned && receipts === ledgerSettled && receipts === onChain) continue;
    const [first, second, third, fourth] = [receipts, ledgerEarned, ledgerSettled, onChain].map((amount) =>
      formatAmount(amount),
    );
    wrong.push(
      `${name}: receipts say ${first}, its ledger earned ${second} and settled ${third}, its wallet holds ${fourth}.`,
    );
  }
  return wrong;
}

/** The closing tables as text. */
export function renderClosing({ parts, books }: Closing): string {
  const bought = renderTable(
    ['bought', 'provider', 'adapter', 'speed', 'units', 'due (USDC)', 'verified'],
    parts.map(({ job, part }) => [
      job,
      part.name,
      adapterName(part.adapterClass),
      `${part.unitsPerSecond.toFixed(part.unitsPerSecond < 100 ? 1 : 0)} ${job === 'chat' ? 'tokens/s' : 'samples/s'}`,
      part.units.toString(),
      formatAmount(part.amountDue),
      part.verdict,
    ]),
  );
  const paid = renderTable(
    ['provider', 'receipts', 'claimed', 'on chain', 'agree'],
    books.map((row) => [
      row.name,
      formatAmount(row.receipts),
      formatAmount(row.ledgerSettled),
      formatAmount(row.onChain),
      row.receipts === row.ledgerSettled && row.receipts === row.onChain ? 'yes' : 'NO',
    ]),
  );
  return `${bought}\n\n${paid}`;
}

/** The last part of an adapter class is the driver's own text; without version noise it fits a table. */
function adapterName(adapterClass: string): string {
  const name = adapterClass.split('/').at(-1) ?? adapterClass;
  return (name.split(/[:(]/)[0] ?? name).trim().slice(0, 28);
}
