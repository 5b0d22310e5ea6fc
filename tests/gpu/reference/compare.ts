/** Squared error over squared reference. */
export function normalisedError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let error = 0;
  let power = 0;
  for (let index = 0; index < expected.length; index++) {
    const difference = (actual[index] ?? NaN) - (expected[index] ?? NaN);
    error += difference * difference;
    power += (expected[index] ?? 0) ** 2;
  }
  return error / (power === 0 ? 1 : power);
}

/** Natural-log softmax. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const highest = values.reduce((best, value) => Math.max(best, value), -Infinity);
  const total = values.reduce((sum, value) => sum + Math.exp(value - highest), 0);
  return values.map((value) => value - highest - Math.log(total));
}

export function indexOfHighest(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) {
    if ((values[index] ?? -Infinity) > (values[best] ?? -Infinity)) best = index;
  }
  return best;
}
