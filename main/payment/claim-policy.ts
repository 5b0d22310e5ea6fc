/** Which claims to make by itself, and when. Pure: what they cost and bring goes in, the choice comes out. */
import { noDataFees } from './data-fees.ts';
import type { DataFees } from './data-fees.ts';
import type { OpenClaim } from './types.ts';

/** Measured on the settlement contract (tests/payment/gas.test.ts), rounded up: one transaction, and each channel in it. */
const gasOfTransaction = 90_000n;
const gasOfChannel = 25_000n;

/** At twenty times its gas a claim keeps 95 % of what it brings. */
const worthwhileTimes = 20n;
/** From here on a claim is made as soon as it pays for its gas: this much is the most that hangs on one channel's payer. */
const usualMostAtRisk = 5_000_000n;

/** High on purpose: a coin that is cheaper than reckoned with only makes claims more worthwhile than thought. */
export const usualCoinPrice = 5_000_000_000n;

export interface ClaimPrices {
  /** Wei a unit of gas; 0 where a relay pays. */
  readonly gasPrice: bigint;
  /** What 10^18 wei cost in the token's smallest unit. */
  readonly coinPrice: bigint;
  /** What the chain takes for the transaction's data besides; none where it is left out. */
  readonly dataFees?: DataFees;
}

/** What one transaction with so many channels costs, in the token's smallest unit, rounded up. */
export function costOfClaim(channels: number, { gasPrice, coinPrice, dataFees = noDataFees }: ClaimPrices): bigint {
  const count = BigInt(channels);
  const gas = (gasOfTransaction + gasOfChannel * count) * gasPrice;
  const wei = gas + dataFees.ofTransaction + dataFees.ofChannel * count;
  return (wei * coinPrice + 10n ** 18n - 1n) / 10n ** 18n;
}

/**
 * Closing channels are claimed as soon as they bring more than their gas: later is too late. Of the others all that pay
 * for themselves, once together they are worth it or one of them has too much at risk. Never one that costs more than
 * it brings. Each receiver's claims are a transaction of their own.
 */
export function chooseClaims(
  open: readonly OpenClaim[],
  prices: ClaimPrices,
  mostAtRisk: bigint = usualMostAtRisk,
): readonly OpenClaim[] {
  const costOfOneMore = costOfClaim(1, prices) - costOfClaim(0, prices);
  const receivers = new Set(open.map((claim) => claim.receiver.toLowerCase()));
  return [...receivers].flatMap((receiver) => {
    const paying = open.filter((claim) => claim.receiver.toLowerCase() === receiver && claim.value > costOfOneMore);
    const isUrgent = paying.some((claim) => claim.isClosing || claim.value >= mostAtRisk);
    const times = isUrgent ? 1n : worthwhileTimes;
    return paying.length > 0 && sumOf(paying) > times * costOfClaim(paying.length, prices) ? paying : [];
  });
}

function sumOf(claims: readonly OpenClaim[]): bigint {
  return claims.reduce((sum, claim) => sum + claim.value, 0n);
}
