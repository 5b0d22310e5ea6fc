/** What a wallet can spend, as the chain says, and what stays open of tasks on other chains. */
import { expect, test, vi } from 'vitest';
import type { Hex } from '../../protocol/agreement.ts';
import type { Ledger } from '../../main/ledger/index.ts';
import { PaymentError } from '../../main/payment/index.ts';
import { readFunds } from '../../main/payment/funds.ts';
import { receiptInterruptedTasks } from '../../main/payment/interrupted-tasks.ts';

const address: Hex = `0x${'11'.repeat(20)}`;
const settings = { chainId: 8_453n, rpcUrls: [], token: address };
const chain = {
  settings,
  tokenBalance: async () => 5n,
  coinBalance: async () => 7n,
  gasPrice: async () => 10n ** 9n,
  dataFees: async () => ({ ofTransaction: 1n, ofChannel: 2n, ofSettle: 0n }),
};
const depositFee = 150_000n * 10n ** 9n + 3n;

test.each([
  ['as the owner says the coin is worth', 2_000_000_000n, (depositFee * 2_000_000_000n) / 10n ** 18n],
  ['at the usual price of the coin', undefined, expect.any(BigInt)],
])('a deposit’s fee is told in wei and in the token, %s', async (_, coinPrice, depositFeeInToken) => {
  const priced = { ...chain, settings: { ...settings, ...(coinPrice !== undefined && { coinPrice }) } };
  const funds = { ok: true, token: 5n, coin: 7n, depositFee, depositFeeInToken };
  expect(await readFunds(priced as never, address)).toEqual(funds);
});

function failing(error: Error) {
  const coinBalance = vi.fn<() => Promise<bigint>>().mockRejectedValue(error);
  return { ...chain, coinBalance } as never;
}

test('a chain that does not answer is a refusal, and a mistake of ours is not', async () => {
  const silent = new PaymentError('CHAIN_UNREACHABLE', 'the endpoint did not answer');
  expect(await readFunds(failing(silent), address)).toMatchObject({ ok: false, code: 'CHAIN_UNREACHABLE' });
  await expect(readFunds(failing(new TypeError('a mistake')), address)).rejects.toThrow('a mistake');
});

test.each([
  ['of a channel on another chain', { chainId: 1n }],
  ['of a channel that the ledger does not have', undefined],
])('a task %s stays open', async (_, channel) => {
  const ledger = { listUnreceipted: () => [{ channelId: address }], findChannel: () => channel };
  const issue = vi.fn<() => Promise<void>>();
  const options = { chainId: 8_453n, nowSeconds: 1n, issue };
  expect(await receiptInterruptedTasks(ledger as unknown as Ledger, options)).toEqual([]);
  expect(issue).not.toHaveBeenCalled();
});
