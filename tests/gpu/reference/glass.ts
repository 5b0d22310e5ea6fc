import { add, dot, normalize, scale, type Vector } from './vector.ts';

/** A rough boundary seen from one side, z up; `eta` = index beyond / index on the viewer's side. */
export interface ReferenceGlass {
  readonly eta: number;
  readonly width: number;
  readonly tint: number;
}

/** f x |cosine of wi| (without making up for multiple scattering) and the density of sampling visible normals. */
export function evaluateGlass({ eta, width, tint }: ReferenceGlass, wo: Vector, wi: Vector) {
  const passes = wi[2] < 0;
  let h = normalize(add(wo, scale(wi, passes ? eta : 1)));
  if (h[2] < 0) h = scale(h, -1);
  const [along, other] = [dot(wo, h), dot(wi, h)];
  if (along <= 0 || other < 0 !== passes) return { value: 0, density: 0 };
  const reflectance = fresnel(along, eta);
  const tangentSquared = (1 - h[2] * h[2]) / (h[2] * h[2]);
  const distribution = width ** 2 / (Math.PI * h[2] ** 4 * (width ** 2 + tangentSquared) ** 2);
  const [lambdaO, lambdaI] = [smithLambda(wo[2], width), smithLambda(Math.abs(wi[2]), width)];
  const visible = (distribution * along) / (wo[2] * (1 + lambdaO));
  const jacobian = passes ? (eta ** 2 * -other) / (along + eta * other) ** 2 : 1 / (4 * along);
  const share = passes ? 1 - reflectance : reflectance;
  const density = share * visible * jacobian;
  return { value: (density * (passes ? tint : 1) * (1 + lambdaO)) / (1 + lambdaO + lambdaI), density };
}

/** What both lobes return together, by quadrature over the distribution of normals. */
export function glassReturn(cosine: number, width: number, eta: number, slopes: number, turns: number): number {
  const wo: Vector = [Math.sqrt(1 - cosine * cosine), 0, cosine];
  const lambdaO = smithLambda(cosine, width);
  let sum = 0;
  for (let row = 0; row < slopes; row += 1) {
    const rest = 1 - (row + 0.5) / slopes;
    const u = 1 - rest * rest;
    const z = 1 / Math.sqrt(1 + (width * width * u) / (1 - u));
    const reach = Math.sqrt(1 - z * z);
    for (let column = 0; column < turns; column += 1) {
      const turn = ((column + 0.5) / turns) * Math.PI;
      const h: Vector = [reach * Math.cos(turn), reach * Math.sin(turn), z];
      const along = dot(wo, h);
      if (along <= 0) continue;
      const reflectance = fresnel(along, eta);
      const weight = (2 * rest * along) / (cosine * z * slopes * turns);
      const up = 2 * along * z - cosine;
      if (up > 0) sum += (weight * reflectance) / (1 + lambdaO + smithLambda(up, width));
      const t = Math.sqrt(Math.max(0, 1 - (1 - along * along) / eta ** 2));
      const down = cosine / eta - (along / eta - t) * z;
      if (down > 0) sum += (weight * (1 - reflectance)) / (1 + lambdaO + smithLambda(down, width));
    }
  }
  return sum;
}

/** Unpolarised, by angles. */
export function fresnel(cosine: number, eta: number): number {
  const sine = Math.sqrt(1 - cosine * cosine) / eta;
  if (sine >= 1) return 1;
  const beyond = Math.sqrt(1 - sine * sine);
  const across = (cosine - eta * beyond) / (cosine + eta * beyond);
  const along = (eta * cosine - beyond) / (eta * cosine + beyond);
  return (across ** 2 + along ** 2) / 2;
}

function smithLambda(cosine: number, width: number): number {
  return (Math.sqrt(1 + width ** 2 * (1 / cosine ** 2 - 1)) - 1) / 2;
}
