import type { NodeSnapshot } from '../../protocol/node-api.ts';

/** Rebuilds the snapshot after changes, at most once in `minimumIntervalMs`, and tells every subscriber. */
export interface SnapshotFeed {
  /** Something changed; cheap to call often. */
  changed(): void;
  subscribe(listener: (snapshot: NodeSnapshot) => void): () => void;
  /** Sends what is pending, then nothing more. */
  close(): void;
}

export function createSnapshotFeed(build: () => NodeSnapshot, minimumIntervalMs = 200): SnapshotFeed {
  const listeners = new Set<(snapshot: NodeSnapshot) => void>();
  let timer: NodeJS.Timeout | undefined;
  let lastSentMs = Number.NEGATIVE_INFINITY;
  let closed = false;

  function send(): void {
    timer = undefined;
    lastSentMs = performance.now();
    if (listeners.size === 0) return;
    const snapshot = build();
    for (const listener of listeners) listener(snapshot);
  }

  return {
    changed() {
      if (closed || timer !== undefined) return;
      timer = setTimeout(send, Math.max(0, lastSentMs + minimumIntervalMs - performance.now()));
      timer.unref();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      if (closed) return;
      closed = true;
      clearTimeout(timer);
      send();
      listeners.clear();
    },
  };
}
