import { refuse } from '../../protocol/errors.ts';
import type { Hex } from '../../protocol/agreement.ts';
import type { ChainClient } from './chain-client.ts';
import { usualCoinPrice } from './claim-policy.ts';
import { PaymentError } from './payment-error.ts';
import type { Funds, PaymentOutcome } from './types.ts';

/** Measured on the settlement contract (tests/payment/gas.test.ts), rounded up: the first deposit of a channel. */
const gasOfDeposit = 150_000n;

/** What the wallet holds, and what one deposit costs it at the chain's price of now. */
export async function readFunds(
  chain: Pick<ChainClient, 'settings' | 'tokenBalance' | 'coinBalance' | 'gasPrice' | 'dataFees'>,
  address: Hex,
): Promise<PaymentOutcome<Funds>> {
  try {
    const [token, coin, gasPrice, data] = await Promise.all([
      chain.tokenBalance(address),
      chain.coinBalance(address),
      chain.gasPrice(),
      chain.dataFees(),
    ]);
    // A deposit's data are shorter than a claim's with its pay-out.
    const depositFee = gasOfDeposit * gasPrice + data.ofTransaction + data.ofChannel;
    const { coinPrice = usualCoinPrice } = chain.settings;
    return { ok: true, token, coin, depositFee, depositFeeInToken: (depositFee * coinPrice) / 10n ** 18n };
  } catch (error) {
    if (!(error instanceof PaymentError)) throw error;
    return refuse('CHAIN_UNREACHABLE', error.message);
  }
}
