export interface Summary {
  readonly median: number;
  readonly minimum: number;
  readonly maximum: number;
}

export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: rounded(sorted[sorted.length >> 1]),
    minimum: rounded(sorted[0]),
    maximum: rounded(sorted.at(-1)),
  };
}

function rounded(value: number | undefined): number {
  return Number((value ?? Number.NaN).toPrecision(4));
}
