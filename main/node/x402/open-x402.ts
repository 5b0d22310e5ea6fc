/** Puts the endpoint for x402 clients together from the parts that sell between peers. */
import type { Hex, NumericProfile } from '../../../protocol/agreement.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { PriceList } from '../../market/pricing.ts';
import { createRateLimiter } from '../../network/rate-limiter.ts';
import { usualMinimumDelaySeconds } from '../../payment/index.ts';
import type { ChainClient, HotWallet, RequestPayments } from '../../payment/index.ts';
import { createHttpPayments, openHttpChain } from '../../payment/x402-http/index.ts';
import type { InputStore } from '../../store/input-store.ts';
import type { TaskRunner } from '../task-runner.ts';
import { openX402Endpoint } from './endpoint.ts';
import type { X402Address, X402Endpoint } from './endpoint.ts';
import { minimumDeposit, minimumRefund, transactionQuota } from './limits.ts';
import { createChatDesk } from './sell-chats.ts';

/** @throws NetworkError LISTEN */
export async function openX402(
  parts: {
    readonly chain: ChainClient;
    readonly wallet: HotWallet;
    readonly ledger: Ledger;
    readonly payments: RequestPayments;
    readonly runner: TaskRunner;
    readonly store: InputStore;
    /** Who is paid. */
    readonly receiver: Hex;
    readonly prices: () => PriceList;
    readonly shaderSetHash: Hex;
    readonly numericProfile: () => NumericProfile;
    readonly adapterClass: () => string;
    readonly log: (line: string) => void;
  },
  address: X402Address,
): Promise<X402Endpoint> {
  const { wallet, ledger, receiver, adapterClass, log } = parts;
  const chain = openHttpChain({ chain: parts.chain, wallet });
  let tokenDomain: Promise<{ readonly name: string; readonly version: string }> | null = null;
  const transactions = createRateLimiter(transactionQuota);
  const payments = createHttpPayments({
    chain,
    ledger,
    payments: parts.payments,
    signer: wallet,
    receiver,
    withdrawDelaySeconds: usualMinimumDelaySeconds,
    tokenDomain() {
      tokenDomain ??= chain.readTokenDomain();
      // Asked again by the next request.
      tokenDomain.catch(() => (tokenDomain = null));
      return tokenDomain;
    },
    minimumDeposit,
    minimumRefund,
    mayTransact: (payer) => transactions.allow(payer.toLowerCase()),
    adapterClass,
  });
  try {
    const endpoint = await openX402Endpoint(address, (url) => createChatDesk({ ...parts, payments, url }), log);
    return {
      url: endpoint.url,
      async close() {
        await endpoint.close();
        chain.close();
      },
    };
  } catch (error) {
    chain.close();
    throw error;
  }
}
