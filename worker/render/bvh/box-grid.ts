/** 256 planes on one axis, `2 ** exponent` apart from `origin` on. */
export interface BoxGrid {
  readonly origin: number;
  readonly exponent: number;
}

/** The finest grid that holds the children's boxes on an axis. @param children places in `bounds`, 6 numbers each. */
export function gridAround(bounds: Float32Array, children: readonly number[], axis: number): BoxGrid {
  let origin = Infinity;
  let high = -Infinity;
  for (const child of children) {
    origin = Math.min(origin, bounds[child * 6 + axis] as number);
    high = Math.max(high, bounds[child * 6 + 3 + axis] as number);
  }
  return { origin, exponent: Math.ceil(Math.log2(Math.max((high - origin) / 255, 2 ** -120))) };
}

/** The last plane at or before a box and the first at or behind it, so that boxes only grow. */
export function planesOf(
  bounds: Float32Array,
  child: number,
  axis: number,
  grid: BoxGrid,
): { low: number; high: number } {
  const step = 2 ** grid.exponent;
  return {
    low: Math.max(0, Math.floor(((bounds[child * 6 + axis] as number) - grid.origin) / step)),
    high: Math.min(255, Math.ceil(((bounds[child * 6 + 3 + axis] as number) - grid.origin) / step)),
  };
}
