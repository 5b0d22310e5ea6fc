/** How linear radiance becomes what a display shows. `none` cuts at 1; the others roll bright light off. */
export const toneMaps = ['none', 'agx', 'aces'] as const;
export type ToneMap = (typeof toneMaps)[number];

export interface Look {
  readonly toneMap: ToneMap;
  /** Brightens by 2 to this power before the curve. */
  readonly exposureStops: number;
}

type Color = readonly [number, number, number];

/** Linear radiance to linear display light in 0..1, per pixel. */
export function applyLook(linear: Float64Array<ArrayBuffer>, look: Look): Float64Array<ArrayBuffer> {
  const scale = 2 ** look.exposureStops;
  if (look.toneMap === 'none') return linear.map((value) => value * scale);
  const curve = look.toneMap === 'agx' ? agx : aces;
  const result = new Float64Array(linear.length);
  for (let place = 0; place < linear.length; place += 3) {
    const [red = 0, green = 0, blue = 0] = linear.subarray(place, place + 3);
    result.set(curve([red * scale, green * scale, blue * scale]), place);
  }
  return result;
}

/** Narkowicz's 2015 fit of the ACES reference and output transforms, each channel by itself. */
function aces(color: Color): Color {
  return each(color, (value) => {
    const x = 0.6 * value;
    return clamp((x * (2.51 * x + 0.03)) / (x * (2.43 * x + 0.59) + 0.14));
  });
}

/** Columns of the inset of AgX (Sobotka), of its inverse, and the range of its logarithm, as Wrensch's fit of 2023 has them. */
const inset: readonly Color[] = [
  [0.842479062253094, 0.0423282422610123, 0.0423756549057051],
  [0.0784335999999992, 0.878468636469772, 0.0784336],
  [0.0792237451477643, 0.0791661274605434, 0.879142973793104],
];
const outset: readonly Color[] = [
  [1.19687900512017, -0.0528968517574562, -0.0529716355144438],
  [-0.0980208811401368, 1.15190312990417, -0.0980434501171241],
  [-0.0990297440797205, -0.0989611768448433, 1.15107367264116],
];
const [minimumStops, maximumStops] = [-12.47393, 4.026069];

function agx(color: Color): Color {
  const inner = each(multiply(inset, color), (value) => {
    const stops = Math.log2(Math.max(value, 1e-10));
    return contrast(clamp((stops - minimumStops) / (maximumStops - minimumStops)));
  });
  // The curve ends in codes of a display of gamma 2.2.
  return each(multiply(outset, inner), (value) => clamp(value) ** 2.2);
}

function contrast(x: number): number {
  const x2 = x * x;
  const x4 = x2 * x2;
  return 15.5 * x4 * x2 - 40.14 * x4 * x + 31.96 * x4 - 6.868 * x2 * x + 0.4298 * x2 + 0.1191 * x - 0.00232;
}

function multiply(columns: readonly Color[], [red, green, blue]: Color): Color {
  const [a, b, c] = columns as readonly [Color, Color, Color];
  return [
    a[0] * red + b[0] * green + c[0] * blue,
    a[1] * red + b[1] * green + c[1] * blue,
    a[2] * red + b[2] * green + c[2] * blue,
  ];
}

function each([red, green, blue]: Color, change: (value: number) => number): Color {
  return [change(red), change(green), change(blue)];
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}
