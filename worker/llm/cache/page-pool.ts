/** A counted pool of cache pages. Pages are shared by counting their owners; page numbers index the GPU's pool. */
export class PagePool {
  readonly pageCount: number;
  readonly #owners: Uint32Array;
  readonly #free: number[];

  constructor(pageCount: number) {
    this.pageCount = pageCount;
    this.#owners = new Uint32Array(pageCount);
    // Taken from the end: low pages first.
    this.#free = Array.from({ length: pageCount }, (_, index) => pageCount - 1 - index);
  }

  get freeCount(): number {
    return this.#free.length;
  }

  /** A page with one owner, or undefined when none is free. */
  take(): number | undefined {
    const page = this.#free.pop();
    if (page !== undefined) this.#owners[page] = 1;
    return page;
  }

  /** One owner more. @throws RangeError for a page that nobody has. */
  share(page: number): void {
    this.#owners[page] = this.#ownersOf(page) + 1;
  }

  /** One owner less; without owners the page is free. @throws RangeError for a page that nobody has. */
  release(page: number): void {
    const owners = this.#ownersOf(page) - 1;
    this.#owners[page] = owners;
    if (owners === 0) this.#free.push(page);
  }

  /** How many own a page. */
  ownerCount(page: number): number {
    return this.#owners[page] ?? 0;
  }

  #ownersOf(page: number): number {
    const owners = this.#owners[page] ?? 0;
    if (owners === 0) throw new RangeError(`page ${page} of ${this.pageCount} belongs to nobody`);
    return owners;
  }
}
