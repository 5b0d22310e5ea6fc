import { exitCodes } from '../cli-errors.ts';
import { defineCommand } from '../command-definition.ts';
import { readTextFile } from '../files.ts';

/** A million chunks with their payloads; far above any receipt of this version. */
const receiptLimitBytes = 1024 * 1024 * 1024;

export const verifyCommand = defineCommand({
  words: ['verify'],
  summary: 'Check a receipt offline: signatures, hashes, units and amount',
  details:
    'Needs no network, no GPU and no node. Exit 0 when every check holds, 1 when one does not or the file is no receipt.',
  options: {},
  positionals: [{ name: 'RECEIPT.json', summary: 'the receipt document', required: true }],
  async run({ output }, _options, [path = '']) {
    const text = await readTextFile('RECEIPT.json', path, receiptLimitBytes);
    const [{ parseReceiptDocument }, { verifyReceiptDocument }] = await Promise.all([
      import('../../../protocol/receipt.ts'),
      import('../../../protocol/verify-receipt.ts'),
    ]);
    const document = parseReceiptDocument(text);
    const { ok, agreementHash, checks } = verifyReceiptDocument(document);
    output.data({ ok, agreementHash, verdict: document.receipt.verdict, checks });
    const width = Math.max(...checks.map(({ name }) => name.length));
    for (const check of checks)
      output.text(`${check.ok ? 'ok    ' : 'FAILED'}  ${check.name.padEnd(width)}  ${check.detail}`);
    const failed = checks.filter((check) => !check.ok).length;
    output.text('');
    output.text(
      ok
        ? `The receipt holds: all ${checks.length} checks.`
        : `The receipt does not hold: ${failed} of ${checks.length} checks failed.`,
    );
    return ok ? exitCodes.done : exitCodes.failed;
  },
});
