/** Is the voucher good for this channel, and if not, what is it? A replay from elsewhere is told from a forgery. */
import type { Hex } from '../../protocol/agreement.ts';
import { refuse } from '../../protocol/errors.ts';
import { depositCollectorAddress, settlementDomain, voucherTypes } from '../../protocol/x402.ts';
import type { ChannelConfig, SignedVoucher } from '../../protocol/x402.ts';
import { channelIdOf, checkSignature, isSameAddress, voucherSignerOf } from './typed-data.ts';
import type { PaymentRefusal } from './types.ts';

/**
 * Where a voucher may have been replayed from: the chains this rail is used on, and the rail's own other contract. Any
 * other origin cannot be told from a forgery and counts as one.
 */
const knownChains = [1n, 10n, 137n, 8_453n, 31_337n, 42_161n, 84_532n, 11_155_111n];
const knownContracts = [depositCollectorAddress];

/** Undefined when the signature is what the contract takes. Field checks come before this: it costs a curve operation. */
export function checkVoucher(
  voucher: SignedVoucher,
  config: ChannelConfig,
  chainId: bigint,
): PaymentRefusal | undefined {
  const { channelId, maxClaimableAmount, signature } = voucher;
  const signer = voucherSignerOf(config);
  const check = (domain: object) =>
    checkSignature({ domain, types: voucherTypes, value: { channelId, maxClaimableAmount } }, signature, signer);
  const domain = settlementDomain(chainId);
  const own = check(domain);
  if (own === 'valid') return undefined;
  if (own === 'malleable') return refuse('VOUCHER_MALLEABLE', 'the voucher signature has its s in the upper half');
  for (const other of knownChains) {
    if (other !== chainId && check(settlementDomain(other)) === 'valid') {
      return refuse('VOUCHER_CHAIN', `the voucher is signed for chain ${other}, the channel is on chain ${chainId}`);
    }
  }
  for (const verifyingContract of knownContracts) {
    if (check({ ...domain, verifyingContract }) === 'valid') {
      return refuse('VOUCHER_CONTRACT', `the voucher is signed for the contract ${verifyingContract}`);
    }
  }
  return refuse('VOUCHER_SIGNATURE', `the voucher is not signed by ${signer} for chain ${chainId}`);
}

/** The voucher names another channel: perhaps the same one as it is called on another chain. */
export function refuseChannel(
  voucher: SignedVoucher,
  expected: Hex,
  config: ChannelConfig,
  chainId: bigint,
): PaymentRefusal {
  const other = knownChains.find((id) => id !== chainId && isSameAddress(channelIdOf(config, id), voucher.channelId));
  if (other !== undefined) {
    return refuse(
      'VOUCHER_CHAIN',
      `the voucher is for this channel on chain ${other}, the task is on chain ${chainId}`,
    );
  }
  return refuse('VOUCHER_CHANNEL', `the voucher is for channel ${voucher.channelId}, the task for ${expected}`);
}
