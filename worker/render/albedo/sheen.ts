import { albedoTableSize, cosineOfHalfTurn } from './table-grid.ts';

const heightSteps = 40;
const turnSteps = 32;
/** The shader's NARROWEST_SHEEN. */
const narrowest = 0.1;

let cached: Float32Array<ArrayBuffer> | undefined;

/**
 * What cloth of the colour white reflects (`shaders/render/sheen.wgsl`), over (sqrt(cosine), roughness): 32 rows of
 * roughness, 32 columns, two float32 each, of which the second is unused. Midpoint quadrature over directions, denser towards the
 * horizon; error below 2e-3.
 */
export function sheenAlbedoTable(): Float32Array<ArrayBuffer> {
  if (cached !== undefined) return cached;
  const turns = Float64Array.from({ length: turnSteps }, (_, step) => cosineOfHalfTurn((step + 0.5) / turnSteps));
  cached = new Float32Array(albedoTableSize * albedoTableSize * 2);
  const last = albedoTableSize - 1;
  for (let row = 0; row <= last; row += 1) {
    const roughness = Math.max(row / last, narrowest);
    for (let column = 0; column <= last; column += 1) {
      const cosine = Math.max((column / last) ** 2, 1e-4);
      cached[(row * albedoTableSize + column) * 2] = sheenAlbedo(cosine, roughness ** 2, turns);
    }
  }
  return cached;
}

function sheenAlbedo(cosine: number, a: number, turns: Float64Array): number {
  const sine = Math.sqrt(1 - cosine * cosine);
  const lambdaO = sheenLambda(cosine, a);
  let sum = 0;
  for (let step = 0; step < heightSteps; step += 1) {
    const x = (step + 0.5) / heightSteps;
    const z = x * x;
    const reach = Math.sqrt(1 - z * z);
    const visibility = Math.min(1, 1 / ((1 + lambdaO + sheenLambda(z, a)) * 4 * cosine * z));
    let ring = 0;
    for (const turn of turns) {
      const halfZ = (cosine + z) ** 2 / (2 + 2 * (cosine * z + sine * reach * turn));
      ring += Math.exp((0.5 / a) * Math.log(Math.max(0, 1 - halfZ)));
    }
    sum += visibility * z * x * ring;
  }
  // The half sphere is 2 pi x the mean; dz = 2 x dx; D has (2 + 1/a) / (2 pi).
  return ((2 + 1 / a) * 2 * sum) / (heightSteps * turns.length);
}

/** Estevez and Kulla's shadowing, fitted. */
function sheenLambda(cosine: number, a: number): number {
  if (cosine < 0.5) return Math.exp(lambdaLogarithm(cosine, a));
  return Math.exp(2 * lambdaLogarithm(0.5, a) - lambdaLogarithm(1 - cosine, a));
}

function lambdaLogarithm(x: number, a: number): number {
  const smoothness = (1 - a) ** 2;
  const between = (rough: number, smooth: number) => smooth * smoothness + rough * (1 - smoothness);
  const power = x === 0 ? 0 : Math.exp(between(0.19823, 0.16801) * Math.log(x));
  return (
    between(21.5473, 25.3245) / (1 + between(3.82987, 3.32435) * power) +
    between(-1.9776, -1.27393) * x +
    between(-4.32054, -4.85967)
  );
}
