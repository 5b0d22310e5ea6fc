import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Offence } from './types.ts';

/** Points by offence. A peer that is merely slow or eager is dropped late, one that breaks the protocol soon. */
const points: Readonly<Record<Offence, number>> = { 'over-quota': 1, timeout: 2, malformed: 10, forgery: 100 };

/** Above this the connection is closed; above the next the peer is banned. */
const disconnectAbove = 20;
const banAbove = 50;
const halfLifeMs = 10 * 60 * 1000;
const banMs = 30 * 60 * 1000;
/** Oldest entries go first; a flood of fresh peer ids must not fill the memory. */
const maxEntries = 1_000;

export interface PeerPenalties {
  /** Returns what has to happen to the peer's connections. */
  add(peerId: string, offence: Offence): 'none' | 'disconnect' | 'ban';
  isBanned(peerId: string): boolean;
  score(peerId: string): number;
}

interface Entry {
  readonly points: number;
  readonly atMs: number;
}

/** Scores fade by half every ten minutes; bans are on disk, so that a restart does not forgive. Times are Unix milliseconds. */
export function createPeerPenalties(options: {
  readonly banFilePath: string | null;
  readonly nowMs?: () => number;
}): PeerPenalties {
  const nowMs = options.nowMs ?? Date.now;
  const scores = new Map<string, Entry>();
  const bans = new Map<string, number>(readBans(options.banFilePath));

  function score(peerId: string): number {
    const entry = scores.get(peerId);
    return entry === undefined ? 0 : entry.points * 0.5 ** ((nowMs() - entry.atMs) / halfLifeMs);
  }

  function ban(peerId: string): void {
    for (const [id, untilMs] of bans) if (untilMs <= nowMs()) bans.delete(id);
    bans.set(peerId, nowMs() + banMs);
    drop(bans);
    if (options.banFilePath === null) return;
    const temporary = `${options.banFilePath}.new`;
    writeFileSync(temporary, JSON.stringify([...bans]), { mode: 0o600 });
    renameSync(temporary, options.banFilePath);
  }

  return {
    score,
    isBanned: (peerId) => (bans.get(peerId) ?? 0) > nowMs(),
    add(peerId, offence) {
      const total = score(peerId) + points[offence];
      scores.delete(peerId);
      scores.set(peerId, { points: total, atMs: nowMs() });
      drop(scores);
      if (total > banAbove) {
        ban(peerId);
        return 'ban';
      }
      return total > disconnectAbove ? 'disconnect' : 'none';
    },
  };
}

function drop(map: Map<string, unknown>): void {
  for (const key of map.keys()) {
    if (map.size <= maxEntries) return;
    map.delete(key);
  }
}

function isEntry(entry: unknown): entry is [string, number] {
  return Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number';
}

function readBans(path: string | null): [string, number][] {
  if (path === null) return [];
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    return Array.isArray(parsed) ? parsed.filter(isEntry).slice(-maxEntries) : [];
  } catch {
    // No file yet, or one that cannot be read: a ban lost is an annoyance, a node that does not start is worse.
    return [];
  }
}
