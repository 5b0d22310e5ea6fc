import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { formatAmount, tokenName } from '../../../protocol/money.ts';
import { formatReceiptDocument } from '../../../protocol/receipt.ts';
import type { JobProgress, ProviderPart } from '../../requester/index.ts';
import type { Output } from '../output.ts';

/** Tells who does what while a job runs, and keeps a receipt of every part as it ends. */
export interface JobReport {
  note(progress: JobProgress): void;
  /** Writes what is still being written, and says what was paid to whom; also after a job that failed. */
  finish(): Promise<{ readonly paid: bigint; readonly parts: readonly object[] }>;
}

export function createJobReport(options: {
  readonly output: Output;
  readonly dataDirectory: string;
  /** As the peer calls itself. */
  readonly nameOf: (peerId: string) => string;
  /** What is bought, in the plural. */
  readonly unit: string;
}): JobReport {
  const { output, dataDirectory, nameOf, unit } = options;
  const directory = join(dataDirectory, 'receipts');
  const parts: { readonly part: ProviderPart; readonly path: string }[] = [];
  const activities = new Map<string, string>();
  let writing: Promise<void> = Promise.resolve();

  function keep(part: ProviderPart): void {
    const path = join(directory, `${part.agreementHash.slice(2)}.json`);
    parts.push({ part, path });
    const before = writing;
    writing = (async () => {
      await before;
      await saveReceipt(directory, path, part);
    })();
    // Whoever finishes hears of it.
    writing.catch(() => {});
  }

  return {
    note(progress) {
      if (progress.kind === 'agreed') {
        const { kind: event, ...data } = progress;
        output.data({ event, ...data });
        output.log(`Agreed with ${nameOf(data.peerId)} on up to ${data.units} ${unit}.`);
      } else if (progress.kind === 'activity') {
        const { peerId, activity } = progress;
        if (activities.get(peerId) === activity) return;
        activities.set(peerId, activity);
        if (activity !== 'computing') output.log(`${nameOf(peerId)} is ${activity}.`);
      } else if (progress.kind === 'lost') {
        const { kind: event, ...data } = progress;
        output.data({ event, ...data });
        output.log(`Lost ${nameOf(data.peerId)}: ${data.reason}`);
      } else if (progress.kind === 'part') {
        keep(progress.part);
      }
    },
    async finish() {
      await writing;
      const paid = parts.reduce((sum, { part }) => sum + part.amountDue, 0n);
      for (const { part, path } of parts) {
        const { name, peerId, units, amountDue, verdict, detail } = part;
        output.log(
          `${name} (${peerId}): ${units} ${unit} for ${formatAmount(amountDue)} ${tokenName}, ${verdict}: ${detail}`,
        );
        output.log(`  receipt ${path}`);
      }
      if (parts.length > 0) output.log(`Paid ${formatAmount(paid)} ${tokenName}.`);
      return {
        paid,
        parts: parts.map(({ part: { receipt: _receipt, ...part }, path }) => ({ ...part, receiptPath: path })),
      };
    },
  };
}

async function saveReceipt(directory: string, path: string, { receipt }: ProviderPart): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  // It holds the prompt and the answer.
  await writeFile(path, formatReceiptDocument(receipt), { mode: 0o600 });
}
