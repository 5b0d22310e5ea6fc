import type { KnownPeer } from '../network/types.ts';
import type { RequesterComponents } from './components.ts';
import { errorText } from '../../protocol/errors.ts';

/** Brings every connected provider the receipts it has not confirmed. Never throws: what fails is tried at the next contact. */
export async function deliverReceipts(components: RequesterComponents): Promise<void> {
  for (const peer of components.network.peers()) await deliverReceiptsTo(components, peer);
}

/** The same for one provider. */
export async function deliverReceiptsTo(
  { network, payments, log }: RequesterComponents,
  { peerId, wallet }: KnownPeer,
): Promise<void> {
  for (const { receipt, signature } of payments.undeliveredReceipts(wallet)) {
    try {
      const answer = await network.deliverReceipt(peerId, { receipt, signature });
      // Too many at once is the one refusal that passes.
      if (!answer.ok && answer.code === 'RATE') return;
      if (!answer.ok) log?.(`${peerId} refused the receipt of ${receipt.agreementHash}: ${answer.message}`);
      payments.markReceiptDelivered(receipt.agreementHash);
    } catch (error) {
      log?.(`${peerId} did not take a receipt: ${errorText(error)}`);
      return;
    }
  }
}
