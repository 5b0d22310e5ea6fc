/** Brings the ledger and the second file with the newest vouchers together when both are opened. */
import type { LedgerEvent } from './events.ts';
import type { Projection } from './projection.ts';
import type { MirroredVoucher } from './voucher-mirror.ts';

/** What the ledger has lost and the mirror still has; empty in the ordinary case. */
export function findLostVouchers(projection: Projection, vouchers: readonly MirroredVoucher[]): LedgerEvent[] {
  return vouchers.flatMap(({ role, chainId, config, baseClaimed, owed, voucher }) => {
    const { channelId } = voucher;
    const channel = projection.findChannel(role, channelId);
    if (channel !== undefined && voucher.maxClaimableAmount <= channel.ceiling) return [];
    // What a requester has signed may be taken, and what it was for is forgotten: it counts as spent.
    const counted = role === 'requester' ? voucher.maxClaimableAmount - baseClaimed : owed;
    const restored: LedgerEvent = { kind: 'restored', role, voucher, owed: counted };
    if (channel !== undefined) return [restored];
    return [{ kind: 'channel', role, channelId, chainId, config, baseClaimed }, restored] satisfies LedgerEvent[];
  });
}
