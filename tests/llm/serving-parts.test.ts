import { describe, expect, it } from 'vitest';
import { PagePool } from '../../worker/llm/cache/page-pool.ts';
import { PrefixTree } from '../../worker/llm/cache/prefix-tree.ts';
import { cutEvenly } from '../../worker/llm/serving/cut-evenly.ts';
import { SliceBudget } from '../../worker/llm/serving/slice-budget.ts';
import { StopStrings } from '../../worker/llm/serving/stop-strings.ts';

describe('a pool of pages', () => {
  it('frees a page with its last owner, and refuses to free one twice', () => {
    const pool = new PagePool(2);
    const page = pool.take() ?? -1;
    pool.share(page);
    pool.release(page);
    expect(pool.freeCount).toBe(1);
    pool.release(page);
    expect(pool.freeCount).toBe(2);
    expect(() => pool.release(page)).toThrow('belongs to nobody');
    expect(() => pool.share(page)).toThrow('belongs to nobody');
    expect([pool.take(), pool.take(), pool.take()]).toEqual([page, 1, undefined]);
  });
});

describe('the tree of prefixes', () => {
  const tokens = Array.from({ length: 70 }, (_, index) => index);

  it('finds whole pages that begin alike, and only as far as asked', () => {
    const pool = new PagePool(8);
    const tree = new PrefixTree(pool);
    const pages = [0, 1, 2, 3].map(() => pool.take() ?? -1);
    tree.insert(tokens, pages, 4);
    expect(tree.match(tokens, 70)).toEqual(pages);
    expect(tree.match(tokens, 47)).toEqual(pages.slice(0, 2));
    expect(tree.match(tokens.with(20, 999), 70)).toEqual(pages.slice(0, 1));
    expect(tree.match([1, ...tokens], 70)).toEqual([]);
  });

  it('gives back what nobody uses, leaves first and the longest unused', () => {
    const pool = new PagePool(4);
    const tree = new PrefixTree(pool);
    const pages = [0, 1, 2].map(() => pool.take() ?? -1);
    tree.insert(tokens, pages, 3);
    expect(tree.evict(1)).toBe(0);
    for (const page of pages) pool.release(page);
    expect(tree.evict(1)).toBe(1);
    expect(pool.freeCount).toBe(2);
    expect(tree.match(tokens, 70)).toEqual(pages.slice(0, 2));
    expect(tree.evict(9)).toBe(0);
  });
});

/** An adapter that takes `tileMs` for each tile of a prompt; answers the longest submit and the last chunk. */
function read(budget: SliceBudget, tileMs: number, chunks: number): { longestMs: number; tokens: number } {
  let longestMs = 0;
  let tokens = 0;
  for (let chunk = 0; chunk < chunks; chunk++) {
    tokens = budget.chunkTokens(0);
    const durationMs = (tokens / 32) * tileMs;
    longestMs = Math.max(longestMs, durationMs / budget.pieces('prompt', tokens));
    budget.note('prompt', tokens, durationMs);
  }
  return { longestMs, tokens };
}

describe('the slice budget', () => {
  const sizes = { tileTokens: 32, largestChunk: 128, attentionPerPosition: 0, layerCount: 2 };

  it.each([
    [50, 0.1, 128],
    [50, 10, 128],
    // Two submits, one for each layer.
    [50, 15, 128],
    [50, 45, 32],
    [8, 2, 128],
    [8, 6, 64],
    // One tile is too long by itself: it is cut into several submits.
    [8, 30, 32],
    [50, 4_000, 32],
  ])('of %i ms is kept where a tile takes %d ms: by chunks of %i tokens', (targetMs, tileMs, chunkTokens) => {
    const budget = new SliceBudget(targetMs, sizes);
    expect(budget.chunkTokens(0)).toBe(32);
    read(budget, tileMs, 4);
    const { longestMs, tokens } = read(budget, tileMs, 20);
    expect(tokens).toBe(chunkTokens);
    expect(longestMs).toBeLessThanOrEqual(targetMs);
    expect(budget.overruns).toBeLessThanOrEqual(1);
  });

  it('follows the owner at once: shorter when he comes, longer when he goes', () => {
    const budget = new SliceBudget(50, sizes);
    read(budget, 6, 4);
    expect([budget.chunkTokens(0), budget.pieces('prompt', 128)]).toEqual([128, 1]);
    budget.retarget(8);
    expect([budget.chunkTokens(0), budget.pieces('prompt', 128)]).toEqual([64, 4]);
    budget.retarget(50);
    expect(budget.chunkTokens(0)).toBe(128);
  });

  it('cuts decoded steps that are too long, of one row and of a few by their own times', () => {
    const budget = new SliceBudget(8, sizes);
    expect(budget.pieces('one', 1)).toBe(1);
    for (let step = 0; step < 3; step++) {
      budget.note('one', 1, 7);
      budget.note('few', 9, 21);
    }
    expect([budget.pieces('one', 1), budget.pieces('few', 9)]).toEqual([1, 4]);
  });

  it.each([
    [0, 128],
    [1_000, 128],
    // Twice as much attention as matrices, so a third of the tokens.
    [2_000, 64],
    [5_000, 32],
    // Of a tile one layer's attention takes 1.8 ms (its matrices) x 12 / 2 layers = 10.8 ms: it gets fewer tokens.
    [12_000, 23],
    [1_000_000, 4],
  ])('reads fewer tokens at once behind %i positions, whose attention takes longer: %i', (depth, tokens) => {
    const budget = new SliceBudget(10, { ...sizes, attentionPerPosition: 1e-3 });
    for (let chunk = 0; chunk < 3; chunk++) budget.note('prompt', 32, 1.8 * (1 + 0.016));
    expect(budget.chunkTokens(depth)).toBe(tokens);
    // What was to be expected there says nothing new.
    budget.note('prompt', 32, 1.8 * (1 + 1e-3 * (depth + 16)), depth);
    expect(budget.chunkTokens(depth)).toBe(tokens);
  });

  it('is not fooled by the first submit, which holds the compiling', () => {
    const budget = new SliceBudget(8, sizes);
    budget.note('prompt', 32, 900);
    budget.note('prompt', 32, 1);
    expect(budget.chunkTokens(0)).toBe(128);
  });

  it('believes a submit that took too long sooner than one that fits', () => {
    const budget = new SliceBudget(8, sizes);
    read(budget, 1.9, 6);
    budget.note('prompt', 96, 60);
    expect(budget.chunkTokens(0)).toBe(32);
    budget.note('prompt', 32, 2);
    expect(budget.chunkTokens(0)).toBe(32);
    read(budget, 1.9, 14);
    expect(budget.chunkTokens(0)).toBe(128);
  });

  it('finds out that tokens cost less together, where weights take most of the time', () => {
    const budget = new SliceBudget(50, { tileTokens: 32, largestChunk: 512, attentionPerPosition: 0, layerCount: 32 });
    const chunks = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
      const tokens = budget.chunkTokens(0);
      budget.note('prompt', tokens, 30 + tokens / 8);
      return tokens;
    });
    expect(chunks).toEqual([32, 128, 416, 480, 512, 512, 512, 512]);
    expect(budget.pieces('prompt', 512)).toBe(3);
  });

  it('takes the largest chunk in one submit where there is no limit', () => {
    const budget = new SliceBudget(Infinity, sizes);
    budget.note('prompt', 128, 9_000);
    expect([budget.chunkTokens(0), budget.pieces('prompt', 128), budget.overruns]).toEqual([128, 1, 0]);
  });

  it('is cut evenly, in order, and never into more than there is', () => {
    const items = [1, 2, 3, 4, 5, 6, 7];
    expect(cutEvenly(items, 3)).toEqual([
      [1, 2],
      [3, 4, 5],
      [6, 7],
    ]);
    expect(cutEvenly(items, 99)).toEqual(items.map((item) => [item]));
    expect(cutEvenly(items, 1)).toEqual([items]);
    expect(cutEvenly([], 3)).toEqual([[]]);
  });
});

describe('stop strings', () => {
  it.each([
    [['END'], ['abcE', 'N', 'D more'], 'abc', true],
    [['END'], ['abcE', 'NX', 'D'], 'abcENXD', false],
    [['aab'], ['aaa', 'b'], 'a', true],
    [['late', 'so'], ['so late'], '', true],
    [[''], ['text'], 'text', false],
    [['xyz'], ['ends in xy'], 'ends in xy', false],
  ])('%j in %j leave %j', (stops, pieces, expected, stopped) => {
    const watch = new StopStrings(stops);
    let text = '';
    for (const piece of pieces) {
      if (!watch.hasStopped) text += watch.push(piece).text;
    }
    expect([text + watch.end(), watch.hasStopped]).toEqual([expected, stopped]);
  });
});
