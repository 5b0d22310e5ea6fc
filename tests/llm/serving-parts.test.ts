import { describe, expect, it } from 'vitest';
import { PagePool } from '../../worker/llm/cache/page-pool.ts';
import { PrefixTree } from '../../worker/llm/cache/prefix-tree.ts';
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

describe('the slice budget', () => {
  it.each([8, 50])('of %i ms finds chunks that keep it, whatever a token takes', (budgetMs) => {
    for (const tokenMs of [0.001, 0.1, 0.7]) {
      const budget = new SliceBudget(budgetMs, 128);
      for (let chunk = 0; chunk < 30; chunk++) budget.note(budget.chunkTokens, budget.chunkTokens * tokenMs);
      const { overruns } = budget;
      for (let chunk = 0; chunk < 30; chunk++) budget.note(budget.chunkTokens, budget.chunkTokens * tokenMs);
      expect(budget.overruns).toBe(overruns);
      expect(budget.chunkTokens * tokenMs).toBeLessThanOrEqual(budgetMs);
    }
  });

  it('halves after a chunk that took too long, and takes the largest where there is no limit', () => {
    const budget = new SliceBudget(8, 128);
    budget.note(32, 100);
    expect([budget.chunkTokens, budget.overruns]).toEqual([16, 1]);
    expect(new SliceBudget(Infinity, 128).chunkTokens).toBe(128);
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
