import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createSnapshotFeed } from '../../main/node/snapshot-feed.ts';
import type { NodeSnapshot } from '../../protocol/node-api.ts';

function open() {
  let built = 0;
  // Only identity matters here: the n-th snapshot is named n.
  const feed = createSnapshotFeed(() => ({ name: String(++built) }) as NodeSnapshot, 200);
  const seen: string[] = [];
  const unsubscribe = feed.subscribe(({ name }) => seen.push(name));
  return { feed, seen, unsubscribe };
}

describe('the snapshot feed', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }));
  afterEach(() => void vi.useRealTimers());

  it('sends the first change at once and a burst as one, five a second at most', () => {
    const { feed, seen } = open();
    feed.changed();
    vi.advanceTimersByTime(0);
    for (let index = 0; index < 50; index++) feed.changed();
    vi.advanceTimersByTime(199);
    expect(seen).toEqual(['1']);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(['1', '2']);
    vi.advanceTimersByTime(10_000);
    expect(seen).toEqual(['1', '2']);
  });

  it('sends what is pending when it closes, then nothing more', () => {
    const { feed, seen } = open();
    feed.changed();
    feed.close();
    feed.changed();
    feed.close();
    vi.advanceTimersByTime(10_000);
    expect(seen).toEqual(['1']);
  });

  it('builds nothing when nobody looks', () => {
    const { feed, seen, unsubscribe } = open();
    unsubscribe();
    feed.changed();
    vi.advanceTimersByTime(10_000);
    const late: string[] = [];
    feed.subscribe(({ name }) => late.push(name));
    feed.changed();
    vi.advanceTimersByTime(10_000);
    expect([seen, late]).toEqual([[], ['1']]);
  });
});
