export interface Quota {
  readonly count: number;
  readonly windowMs: number;
}

export interface RateLimiter {
  /** Counts one request of `peerId`; false when the peer, or everybody together, is over quota. */
  allow(peerId: string): boolean;
}

/** Keys are dropped once they say nothing any more; this bounds the sweep, not the number of peers. */
const sweepAbove = 1_000;

/**
 * Generic cell rate algorithm: one number per key, the time at which its bucket is empty again. A request moves it by
 * window/count and passes while it is at most one window ahead of now.
 */
export function createRateLimiter(options: {
  readonly perPeer: Quota;
  readonly total: Quota;
  readonly nowMs?: () => number;
}): RateLimiter {
  const nowMs = options.nowMs ?? (() => performance.now());
  const byPeer = new Map<string, number>();
  let totalMs = 0;

  return {
    allow(peerId) {
      const now = nowMs();
      const peer = advance(byPeer.get(peerId), options.perPeer, now);
      // A refused peer does not use up what belongs to the others.
      if (peer === null) return false;
      const total = advance(totalMs, options.total, now);
      if (total === null) return false;
      byPeer.set(peerId, peer);
      totalMs = total;
      if (byPeer.size > sweepAbove) {
        for (const [key, emptyAt] of byPeer) if (emptyAt <= now) byPeer.delete(key);
      }
      return true;
    },
  };
}

function advance(emptyAtMs: number | undefined, quota: Quota, nowMs: number): number | null {
  const next = Math.max(emptyAtMs ?? nowMs, nowMs) + quota.windowMs / quota.count;
  // The tolerance covers rounding of window/count, a thousandth of a request.
  return next - nowMs > quota.windowMs + quota.windowMs / quota.count / 1000 ? null : next;
}
