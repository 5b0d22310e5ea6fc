import { formatAmount, tokenName } from '../../../protocol/money.ts';
import { refuse, type Refusal } from '../../../protocol/errors.ts';
import type { PaymentRefusal } from '../../payment/types.ts';
import type { SpendingLimits } from '../types.ts';

/** What one job may cost, shared by all purchases that it is made of. */
export interface Spending {
  /** Holds the price of a part until it is known what of it was paid. */
  hold(price: bigint): Refusal<'PRICE_ABOVE_CAP'> | { readonly ok: true; settle(paid: bigint): void };
  /** What to deposit where `missing` is: that, or more where the limits fill up channels. */
  deposit(missing: bigint): bigint | PaymentRefusal;
}

export function createSpending({ maxPrice, maxDeposit, fill = 0n }: SpendingLimits): Spending {
  /** Paid, or held for what is under way. */
  let priced = 0n;
  let deposited = 0n;
  return {
    hold(price) {
      const left = maxPrice === undefined ? price : maxPrice - priced;
      if (price > left) {
        const message = `this part costs ${say(price)}, ${say(left)} of the ${say(maxPrice ?? 0n)} that this job may cost are left`;
        return refuse('PRICE_ABOVE_CAP', message, { needed: price, available: left });
      }
      priced += price;
      return { ok: true, settle: (paid) => void (priced += paid - price) };
    },
    deposit(missing) {
      const left = maxDeposit === undefined ? undefined : maxDeposit - deposited;
      if (left !== undefined && missing > left) {
        const message = `a channel needs ${say(missing)} more, ${say(left)} of the ${say(maxDeposit ?? 0n)} that this job may deposit are left`;
        return refuse('DEPOSIT_ABOVE_CAP', message, { needed: missing, available: left });
      }
      const wanted = fill > missing ? fill : missing;
      const amount = left !== undefined && wanted > left ? left : wanted;
      // A deposit that fails may still be mined: it counts.
      deposited += amount;
      return amount;
    },
  };
}

function say(amount: bigint): string {
  return `${formatAmount(amount)} ${tokenName}`;
}
