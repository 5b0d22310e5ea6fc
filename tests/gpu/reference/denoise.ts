const spline = [0.375, 0.25, 0.0625];

/** One step of the filter in float64; pictures and guides as `shaders/render/denoise.wgsl` lays them out. */
export function filterStep(
  width: number,
  height: number,
  step: number,
  source: ArrayLike<number>,
  guides: ArrayLike<number>,
): Float64Array {
  const result = new Float64Array(width * height * 4);
  const inside = (x: number, y: number) => x >= 0 && y >= 0 && x < width && y < height;
  const light = (pixel: number) =>
    0.2126 * (source[pixel * 4] as number) +
    0.7152 * (source[pixel * 4 + 1] as number) +
    0.0722 * (source[pixel * 4 + 2] as number);
  const guide = (pixel: number, place: number) => guides[pixel * 8 + place] as number;

  function depthChange(x: number, y: number, dx: number, dy: number): number {
    const changes = [-1, 1].flatMap((side) => {
      const [ox, oy] = [x + dx * side, y + dy * side];
      if (!inside(ox, oy) || guide(oy * width + ox, 7) <= 0) return [];
      return [(guide(oy * width + ox, 3) - guide(y * width + x, 3)) * side];
    });
    return changes.toSorted((a, b) => Math.abs(a) - Math.abs(b))[0] ?? 0;
  }

  function varianceAround(x: number, y: number): number {
    let [sum, weights] = [0, 0];
    for (let dy = -1; dy <= 1; dy += 1) {
      for (let dx = -1; dx <= 1; dx += 1) {
        if (!inside(x + dx, y + dy)) continue;
        const weight = (2 - Math.abs(dx)) * (2 - Math.abs(dy));
        sum += (source[((y + dy) * width + x + dx) * 4 + 3] as number) * weight;
        weights += weight;
      }
    }
    return sum / weights;
  }

  function normalsDot(p: number, q: number): number {
    return [4, 5, 6].reduce((sum, place) => sum + guide(p, place) * guide(q, place), 0);
  }

  function normalWeight(p: number, q: number): number {
    const [pp, qq] = [normalsDot(p, p), normalsDot(q, q)];
    if (pp * qq === 0) return pp === qq ? 1 : 0;
    return Math.min(1, Math.max(0, normalsDot(p, q) / Math.sqrt(pp * qq))) ** 32;
  }

  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const p = y * width + x;
      const [gx, gy] = [depthChange(x, y, 1, 0), depthChange(x, y, 0, 1)];
      const deviation = Math.sqrt(varianceAround(x, y));
      const sums = [0, 0, 0, 0];
      let weights = 0;
      for (let dy = -2; dy <= 2; dy += 1) {
        for (let dx = -2; dx <= 2; dx += 1) {
          const [ox, oy] = [x + dx * step, y + dy * step];
          if (!inside(ox, oy)) continue;
          const q = oy * width + ox;
          const slope = Math.abs((gx * dx + gy * dy) * step) + Math.abs(guide(p, 3)) / 1000 + 1e-20;
          const depths = Math.exp(-Math.abs(guide(q, 3) - guide(p, 3)) / slope);
          const brightness = Math.exp(-Math.abs(light(q) - light(p)) / (4 * deviation + 1e-4));
          const hits = Math.max(0, 1 - Math.abs(guide(p, 7) - guide(q, 7)));
          const splines = (spline[Math.abs(dx)] as number) * (spline[Math.abs(dy)] as number);
          const weight = splines * depths * brightness * hits * normalWeight(p, q);
          for (let channel = 0; channel < 3; channel += 1)
            sums[channel] = (sums[channel] as number) + weight * (source[q * 4 + channel] as number);
          sums[3] = (sums[3] as number) + weight * weight * (source[q * 4 + 3] as number);
          weights += weight;
        }
      }
      result.set([sums[0]! / weights, sums[1]! / weights, sums[2]! / weights, sums[3]! / weights ** 2], p * 4);
    }
  }
  return result;
}
