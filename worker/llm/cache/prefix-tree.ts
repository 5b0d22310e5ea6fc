import { PAGE_TOKENS } from './cache-format.ts';
import type { PagePool } from './page-pool.ts';

interface PrefixNode {
  /** The page's tokens, joined: compared whole, so that reuse never rests on a hash. */
  readonly key: string;
  readonly page: number;
  readonly parent: PrefixNode | null;
  readonly children: Map<string, PrefixNode>;
  lastUse: number;
}

/**
 * Full pages of prompts by their tokens and everything before them. The tree owns one count of each page; a page that only the tree
 * owns may be taken back when room is needed, the longest unused first.
 */
export class PrefixTree {
  readonly #pool: PagePool;
  readonly #roots = new Map<string, PrefixNode>();
  readonly #nodes = new Set<PrefixNode>();
  #clock = 0;

  constructor(pool: PagePool) {
    this.#pool = pool;
  }

  get pageCount(): number {
    return this.#nodes.size;
  }

  /** Pages of the longest known prefix of `tokens`, at most `maximumTokens` long, each shared with the caller. */
  match(tokens: readonly number[], maximumTokens: number): number[] {
    const pages: number[] = [];
    let level = this.#roots;
    for (let start = 0; start + PAGE_TOKENS <= maximumTokens; start += PAGE_TOKENS) {
      const node = level.get(keyOf(tokens, start));
      if (node === undefined) break;
      node.lastUse = ++this.#clock;
      this.#pool.share(node.page);
      pages.push(node.page);
      level = node.children;
    }
    return pages;
  }

  /** Remembers the first `count` pages of a sequence; where the tokens are known already, the known page stays. */
  insert(tokens: readonly number[], pages: readonly number[], count: number): void {
    let parent: PrefixNode | null = null;
    let level = this.#roots;
    for (let index = 0; index < count; index++) {
      const key = keyOf(tokens, index * PAGE_TOKENS);
      const page = pages[index];
      if (page === undefined) return;
      let node = level.get(key);
      if (node === undefined) {
        node = { key, page, parent, children: new Map(), lastUse: 0 };
        this.#pool.share(page);
        level.set(key, node);
        this.#nodes.add(node);
      }
      node.lastUse = ++this.#clock;
      parent = node;
      level = node.children;
    }
  }

  /** Gives back up to `count` pages that no sequence uses; answers how many became free. */
  evict(count: number): number {
    let freed = 0;
    while (freed < count) {
      let oldest: PrefixNode | undefined;
      for (const node of this.#nodes) {
        const isLeaf = node.children.size === 0 && this.#pool.ownerCount(node.page) === 1;
        if (isLeaf && (oldest === undefined || node.lastUse < oldest.lastUse)) oldest = node;
      }
      if (oldest === undefined) return freed;
      this.#remove(oldest);
      freed += 1;
    }
    return freed;
  }

  #remove(node: PrefixNode): void {
    (node.parent?.children ?? this.#roots).delete(node.key);
    this.#nodes.delete(node);
    this.#pool.release(node.page);
  }
}

function keyOf(tokens: readonly number[], start: number): string {
  return tokens.slice(start, start + PAGE_TOKENS).join(',');
}
