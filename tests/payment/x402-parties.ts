/** A seller, a payer and their channel, as payments over HTTP see them. */
import { channelIdOf, createWallet } from '../../main/payment/index.ts';
import type { ChannelOnChain } from '../../main/payment/index.ts';
import type { Serve } from '../../main/payment/x402-http/index.ts';
import type { Hex } from '../../protocol/agreement.ts';
import type { ChannelConfig } from '../../protocol/x402.ts';

export const chainId = 31_337n;
export const token: Hex = `0x${'70'.repeat(20)}`;
export const hash: Hex = `0x${'33'.repeat(32)}`;
export const settings = { rpcUrl: 'http://127.0.0.1:9', chainId, token };
export const wallet = createWallet(`0x${'b0'.repeat(32)}`, chainId);
export const payer = createWallet(`0x${'e0'.repeat(32)}`, chainId);
export const config: ChannelConfig = {
  payer: payer.address,
  payerAuthorizer: payer.address,
  receiver: wallet.address,
  receiverAuthorizer: wallet.address,
  token,
  withdrawDelay: 86_400,
  salt: `0x${'00'.repeat(32)}`,
};
export const channelId = channelIdOf(config, chainId);
export const terms = {
  taskHash: hash,
  inputHash: hash,
  shaderSetHash: hash,
  numericProfile: 'f32',
  pricePerMillionUnits: 100_000_000n,
  maxUnits: 1n,
} as const;
export const good: ChannelOnChain = {
  balance: 1_000n,
  totalClaimed: 0n,
  totalClaimedAtMost: 0n,
  withdrawInitiatedAt: 0,
};
export const joke: Serve = async () => ({
  status: 200,
  headers: {},
  body: 'a joke',
  made: { units: 1n, payloadSha256: hash },
});
