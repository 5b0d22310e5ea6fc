/** Money is an integer in the token's smallest unit. USDC has six decimals: 1 USDC = 1_000_000n. Never a float. */
export type Amount = bigint;

/** What the dashboard, the command line and the sentences of the node call the token. */
export const tokenName = 'USDC';

export const tokenDecimals = 6;

/** "1.234567" for 1234567n. Exact; keeps at least two decimals. */
export function formatAmount(amount: Amount, decimals = tokenDecimals): string {
  const sign = amount < 0n ? '-' : '';
  const digits = (amount < 0n ? -amount : amount).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits
    .slice(digits.length - decimals)
    .replace(/0+$/, '')
    .padEnd(2, '0');
  return `${sign}${whole}.${fraction}`;
}

/** Exact inverse of {@link formatAmount}; throws RangeError on more decimals than the token has or on anything but digits and one point. */
export function parseAmount(text: string, decimals = tokenDecimals): Amount {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  const fraction = match?.[2] ?? '';
  if (match === null || fraction.length > decimals) {
    throw new RangeError(`"${text}" is not an amount with at most ${decimals} decimals`);
  }
  return BigInt(match[1] + fraction.padEnd(decimals, '0'));
}
