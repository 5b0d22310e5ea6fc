import { expect, test } from 'vitest';
import { createWallet } from '../../main/payment/index.ts';
import { channelIdOf, checkSignature } from '../../main/payment/typed-data.ts';
import { settlementDomain, voucherTypes } from '../../protocol/x402.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';

/** Answers of the npm package @x402/evm 2.27.0 (computeChannelId and signVoucher for eip155:31337) to the same input. */
const answered = {
  channelId: '0xe0738dcff74d850545cb3f769d29bfff087a1312e7f044f6e746b96b7e95c26f',
  signature:
    '0x3977ed4db6a30d7f9ecc16b6116e2f8e056c7f0cae0fe0abe74a3e81630fb0822b74a8561b62e7f64bcda20c76d8069ea408b134d8ec768e27135608c5d553ec1c',
} as const;

const wallet = createWallet(`0x${'11'.repeat(32)}`, 31_337n);
const config: ChannelConfig = {
  payer: wallet.address,
  payerAuthorizer: wallet.address,
  receiver: `0x${'22'.repeat(20)}`,
  receiverAuthorizer: `0x${'33'.repeat(20)}`,
  token: '0x1111111111111111111111111111111111110006',
  withdrawDelay: 86_400,
  salt: `0x${'00'.repeat(31)}07`,
};
const voucher = { channelId: answered.channelId, maxClaimableAmount: 12_345n };
const typed = { domain: settlementDomain(31_337n), types: voucherTypes, value: voucher };

test('an x402 client and we give the same channel the same id and the same voucher the same signature', async () => {
  expect(channelIdOf(config, 31_337n)).toBe(answered.channelId);
  expect(await wallet.signVoucher(config, voucher.maxClaimableAmount)).toEqual({ ...voucher, ...answered });
});

test('a voucher signed by an x402 client is taken, and not for another amount', () => {
  expect(checkSignature(typed, answered.signature, wallet.address)).toBe('valid');
  const raised = { ...typed, value: { ...voucher, maxClaimableAmount: 12_346n } };
  expect(checkSignature(raised, answered.signature, wallet.address)).toBe('invalid');
});
