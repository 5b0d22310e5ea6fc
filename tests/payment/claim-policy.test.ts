import { expect, test } from 'vitest';
import { chooseClaims, costOfClaim } from '../../main/payment/claim-policy.ts';
import type { OpenClaim } from '../../main/payment/index.ts';
import type { Hex } from '../../protocol/agreement.ts';

/** A claim of one channel costs 115,000 gas: at 10 gwei and 2 of a six-digit dollar a coin 2,300 of its units. */
const prices = { gasPrice: 10_000_000_000n, coinPrice: 2_000_000n };
const account = (number: number): Hex => `0x${number.toString(16).padStart(40, '0')}`;

function claimOf(channel: number, value: bigint, more: Partial<OpenClaim> = {}): OpenClaim {
  return { channelId: account(channel), receiver: account(0), value, isClosing: false, ...more };
}

test('gas is reckoned in the token, rounded up', () => {
  expect(costOfClaim(1, prices)).toBe(2_300n);
  expect(costOfClaim(3, prices)).toBe(3_300n);
  expect(costOfClaim(1, { gasPrice: 1n, coinPrice: 1n })).toBe(1n);
  expect(costOfClaim(25, { gasPrice: 0n, coinPrice: 1n })).toBe(0n);
  const dataFees = { ofTransaction: 10n ** 15n, ofChannel: 10n ** 14n };
  expect(costOfClaim(3, { ...prices, dataFees })).toBe(3_300n + 2_000n + 600n);
});

test.each<[why: string, open: OpenClaim[], chosen: number[]]>([
  ['nothing when nothing is open', [], []],
  ['nothing that brings less than twenty times its gas', [claimOf(1, 46_000n)], []],
  ['what brings more', [claimOf(1, 46_001n)], [1]],
  ['several that are worth it together', [claimOf(1, 30_000n), claimOf(2, 36_001n)], [1, 2]],
  ['none whose own row costs more than it brings', [claimOf(1, 500n), claimOf(2, 100_000n)], [2]],
  ['a closing channel from the first unit above its gas', [claimOf(1, 2_301n, { isClosing: true })], [1]],
  ['not even a closing one below its gas', [claimOf(1, 2_300n, { isClosing: true })], []],
  ['others along with a closing one', [claimOf(1, 3_000n, { isClosing: true }), claimOf(2, 600n)], [1, 2]],
  [
    'each receiver on its own',
    [claimOf(1, 50_000n), claimOf(2, 40_000n, { receiver: account(9) }), claimOf(3, 99_000n, { receiver: account(8) })],
    [1, 3],
  ],
])('chosen is %s', (_why, open, chosen) => {
  expect(chooseClaims(open, prices).map((claim) => Number(claim.channelId))).toEqual(chosen);
});

test('a channel with much at risk does not wait for cheaper gas, unless the gas costs more', () => {
  const dear = { gasPrice: 100_000_000_000n, coinPrice: 200_000_000n };
  expect(costOfClaim(1, dear)).toBe(2_300_000n);
  expect(chooseClaims([claimOf(1, 5_000_000n)], dear)).toHaveLength(1);
  expect(chooseClaims([claimOf(1, 4_999_999n)], dear)).toEqual([]);
  expect(chooseClaims([claimOf(1, 2_000_000n)], dear, 1_000n)).toEqual([]);
});

test('what a claim’s data cost counts as its gas does, for the whole and for each row', () => {
  const withData = { ...prices, dataFees: { ofTransaction: 0n, ofChannel: 10n ** 15n } };
  // 2,300 of gas and 2,000 of data: what paid for twenty times the gas does not any more.
  expect(costOfClaim(1, withData)).toBe(4_300n);
  expect(chooseClaims([claimOf(1, 50_000n)], prices)).toHaveLength(1);
  expect(chooseClaims([claimOf(1, 50_000n)], withData)).toEqual([]);
  expect(chooseClaims([claimOf(1, 86_001n), claimOf(2, 2_500n)], withData)).toHaveLength(1);
  expect(chooseClaims([claimOf(1, 4_300n, { isClosing: true })], withData)).toEqual([]);
});

test('where a relay pays, everything is claimed', () => {
  expect(chooseClaims([claimOf(1, 1n)], { ...prices, gasPrice: 0n })).toHaveLength(1);
});
