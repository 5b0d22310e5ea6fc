/** Mean R, G, B of every block of 8 x 8 pixels, row by row. */
export function blockMeans(image: ArrayLike<number>, widthPixels: number, heightPixels: number): number[] {
  const columns = widthPixels / 8;
  const means = Array.from({ length: columns * (heightPixels / 8) * 3 }, () => 0);
  for (let index = 0; index < widthPixels * heightPixels * 3; index += 1) {
    const pixel = Math.floor(index / 3);
    const block = Math.floor(pixel / widthPixels / 8) * columns + Math.floor((pixel % widthPixels) / 8);
    means[block * 3 + (index % 3)] = (means[block * 3 + (index % 3)] as number) + (image[index] as number) / 64;
  }
  return means;
}

/** Relative error of each block: mean absolute difference of its three channels over the mean of the expected ones. */
export function blockErrors(actual: readonly number[], expected: readonly number[]): number[] {
  const errors: number[] = [];
  for (let block = 0; block < expected.length; block += 3) {
    let difference = 0;
    let size = 0;
    for (let channel = block; channel < block + 3; channel += 1) {
      difference += Math.abs((actual[channel] as number) - (expected[channel] as number));
      size += expected[channel] as number;
    }
    errors.push(difference / size);
  }
  return errors;
}
