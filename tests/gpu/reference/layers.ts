import { add, dot, normalize, type Vector } from './vector.ts';

/** D V of cloth, as the glTF sample renderer has it; z is the normal. */
export function sheenLobe(wo: Vector, wi: Vector, roughness: number): number {
  const a = roughness ** 2;
  const h = normalize(add(wo, wi));
  const distribution = ((2 + 1 / a) * Math.sqrt(1 - h[2] ** 2) ** (1 / a)) / (2 * Math.PI);
  const helper = (x: number) => {
    const t = (1 - a) ** 2;
    const mix = (from: number, to: number) => from * (1 - t) + to * t;
    return (
      mix(21.5473, 25.3245) / (1 + mix(3.82987, 3.32435) * x ** mix(0.19823, 0.16801)) +
      mix(-1.9776, -1.27393) * x +
      mix(-4.32054, -4.85967)
    );
  };
  const lambda = (x: number) => (x < 0.5 ? Math.exp(helper(x)) : Math.exp(2 * helper(0.5) - helper(1 - x)));
  const visibility = 1 / ((1 + lambda(wo[2]) + lambda(wi[2])) * 4 * wo[2] * wi[2]);
  return distribution * Math.min(1, Math.max(0, visibility));
}

/** D G2 / (4 wo.z wi.z) of microfacets with two widths, and the density of reflecting from visible normals. */
export function stretchedLobe(wo: Vector, wi: Vector, widthX: number, widthY: number): [number, number] {
  const h = normalize(add(wo, wi));
  const distribution = 1 / (Math.PI * widthX * widthY * ((h[0] / widthX) ** 2 + (h[1] / widthY) ** 2 + h[2] ** 2) ** 2);
  const lambda = (v: Vector) => (Math.sqrt(1 + ((widthX * v[0]) ** 2 + (widthY * v[1]) ** 2) / v[2] ** 2) - 1) / 2;
  const value = distribution / (4 * wo[2] * wi[2] * (1 + lambda(wo) + lambda(wi)));
  return [value, distribution / (4 * wo[2] * (1 + lambda(wo)))];
}

/** Share of the light that a function of directions returns, by midpoint quadrature over the half sphere, denser at the horizon. */
export function returnedShare(lobe: (wi: Vector) => number, heights: number, turns: number): number {
  let sum = 0;
  for (let row = 0; row < heights; row += 1) {
    const x = (row + 0.5) / heights;
    const z = x * x;
    const reach = Math.sqrt(1 - z * z);
    for (let column = 0; column < turns; column += 1) {
      const turn = ((column + 0.5) / turns) * 2 * Math.PI;
      sum += lobe([reach * Math.cos(turn), reach * Math.sin(turn), z]) * z * 2 * x;
    }
  }
  return (sum * 2 * Math.PI) / (heights * turns);
}

function sq(x: number): number {
  return x * x;
}

function toReflectance(transmitted: number, incident: number): number {
  return sq((transmitted - incident) / (transmitted + incident));
}

function schlick(base: number, cosine: number): number {
  return base + (1 - base) * (1 - cosine) ** 5;
}

/** Reflectance under a thin film after the text of KHR_materials_iridescence, for one colour channel of the base. */
export function filmReflectance(cosine: number, filmIor: number, nanometres: number, f0: Vector): Vector {
  const inner = Math.sqrt(1 - (1 - cosine * cosine) / sq(filmIor));
  const r12 = schlick(toReflectance(filmIor, 1), cosine);
  const t121 = 1 - r12;
  const phi21 = filmIor < 1 ? 0 : Math.PI;
  const channels = f0.map((base) => {
    const root = Math.sqrt(Math.min(base, 0.9999));
    const baseIor = (1 + root) / (1 - root);
    const r23 = schlick(toReflectance(baseIor, filmIor), inner);
    const r123 = Math.min(Math.max(r12 * r23, 1e-5), 0.9999);
    const rs = (sq(t121) * r23) / (1 - r123);
    return { r123, rs, phi: phi21 + (baseIor < filmIor ? Math.PI : 0) };
  });
  const light = channels.map(({ rs }) => r12 + rs);
  const factors = channels.map(({ rs }) => rs - t121);
  for (let order = 1; order <= 2; order += 1) {
    const shifts = channels.map(({ phi }) => order * phi) as unknown as Vector;
    const spectral = sensitivity(order * 2 * filmIor * nanometres * inner, shifts);
    channels.forEach(({ r123 }, channel) => {
      factors[channel] = (factors[channel] as number) * Math.sqrt(r123);
      light[channel] = (light[channel] as number) + 2 * (factors[channel] as number) * (spectral[channel] as number);
    });
  }
  return light.map((value) => Math.min(1, Math.max(0, value))) as unknown as Vector;
}

function sensitivity(pathDifference: number, shift: Vector): Vector {
  const phase = 2 * Math.PI * pathDifference * 1e-9;
  const value = [5.4856e-13, 4.4201e-13, 5.2481e-13];
  const position = [1.681e6, 1.7953e6, 2.2084e6];
  const variance = [4.3278e9, 9.3046e9, 6.6121e9];
  const term = (v: number, p: number, s: number, turned: number) =>
    v * Math.sqrt(2 * Math.PI * s) * Math.cos(p * phase + turned) * Math.exp(-phase * phase * s);
  const xyz = [0, 1, 2].map((axis) =>
    term(value[axis] as number, position[axis] as number, variance[axis] as number, shift[axis] as number),
  );
  xyz[0] = (xyz[0] as number) + term(9.747e-14, 2.2399e6, 4.5282e9, shift[0]);
  const scaled = xyz.map((component) => component / 1.0685e-7) as unknown as Vector;
  return [
    dot([3.2404542, -1.5371385, -0.4985314], scaled),
    dot([-0.969266, 1.8760108, 0.041556], scaled),
    dot([0.0556434, -0.2040259, 1.0572252], scaled),
  ];
}
