/** A payer over HTTP with dollars, no gas and a channel of its own, and the payloads it signs as an x402 client does. */
import { toBeHex } from 'ethers';
import type { LocalChain } from '../../main/demo/local-chain.ts';
import { channelIdOf, createWallet } from '../../main/payment/index.ts';
import type { Hex } from '../../protocol/agreement.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';

const chainId = 31_337n;
let payerNumber = 0;

export async function openX402Payer(
  localChain: LocalChain,
  to: { readonly receiver: Hex; readonly receiverAuthorizer: Hex },
  usdc = 10_000n,
) {
  payerNumber += 1;
  const wallet = createWallet(`0x${String(payerNumber).padStart(64, 'e')}`, chainId);
  await localChain.fund(wallet.address, { usdc });
  const channelConfig: ChannelConfig = {
    payer: wallet.address,
    payerAuthorizer: wallet.address,
    ...to,
    token: localChain.settings.token,
    withdrawDelay: 86_400,
    salt: `0x${'00'.repeat(32)}`,
  };
  const channelId = channelIdOf(channelConfig, chainId);
  let salt = 0n;
  const voucher = async (amount: bigint) => ({
    ...(await wallet.signVoucher(channelConfig, amount)),
    maxClaimableAmount: String(amount),
  });
  return {
    wallet,
    channelConfig,
    channelId,
    pay: async (amount: bigint) => ({ type: 'voucher', channelConfig, voucher: await voucher(amount) }),
    refund: async (charged: bigint, amount?: string) => ({
      type: 'refund',
      channelConfig,
      voucher: await voucher(charged),
      ...(amount === undefined ? {} : { amount }),
    }),
    async deposit(value: bigint, amount: bigint) {
      salt += 1n;
      const signature = await wallet.signDeposit({
        config: channelConfig,
        amount: value,
        validBefore: 2n ** 40n,
        salt,
        tokenDomain: { name: 'USDC', version: '2' },
      });
      const erc3009Authorization = {
        validAfter: '0',
        validBefore: String(2n ** 40n),
        salt: toBeHex(salt, 32),
        signature,
      };
      const deposit = { amount: String(value), authorization: { erc3009Authorization } };
      return { type: 'deposit', channelConfig, voucher: await voucher(amount), deposit };
    },
  };
}

export function headerOf(payload: object): string {
  const accepted = { scheme: 'batch-settlement', network: 'eip155:31337' };
  return Buffer.from(JSON.stringify({ x402Version: 2, accepted, payload })).toString('base64');
}
