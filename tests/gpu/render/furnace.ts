import type { SceneRenderer } from '../../../worker/render/scene-renderer.ts';

const side = 16;

/** Mean luminance of a picture of 16 x 16 pixels and its standard error, as its samples show it if they were independent. */
export async function meanLight(renderer: SceneRenderer, samples: number): Promise<{ mean: number; error: number }> {
  const sums = await renderer.renderTile({ x0: 0, y0: 0, x1: side, y1: side }, 0, samples);
  let [mean, variance] = [0, 0];
  for (let pixel = 0; pixel < side * side; pixel += 1) {
    const [red = 0, green = 0, blue = 0, squares = 0] = sums.subarray(pixel * 4, pixel * 4 + 4);
    const light = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / samples;
    mean += light / side ** 2;
    variance += Math.max(0, squares / samples - light * light) / samples / side ** 4;
  }
  return { mean, error: Math.sqrt(variance) };
}
