import type { RequesterComponents } from './components.ts';
import { errorText } from '../../protocol/errors.ts';

/** Brings every connected provider the receipts it has not confirmed. Never throws: what fails is tried at the next contact. */
export async function deliverReceipts({ network, payments, log }: RequesterComponents): Promise<void> {
  for (const { peerId, wallet } of network.peers()) {
    for (const { receipt, signature } of payments.undeliveredReceipts(wallet)) {
      try {
        const answer = await network.deliverReceipt(peerId, { receipt, signature });
        // Too many at once is the one refusal that passes.
        if (!answer.ok && answer.code === 'RATE') break;
        if (!answer.ok) log?.(`${peerId} refused the receipt of ${receipt.agreementHash}: ${answer.message}`);
        payments.markReceiptDelivered(receipt.agreementHash);
      } catch (error) {
        log?.(`${peerId} did not take a receipt: ${errorText(error)}`);
        break;
      }
    }
  }
}
