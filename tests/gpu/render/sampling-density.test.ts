import { expect, test } from 'vitest';
import type { Material, Vector3 } from '../../../worker/render/scene/scene.ts';
import { type Probe, binMeans, bins, drawDirections } from './surface-probe.ts';

const draws = 262_144;

async function chiSquare(probe: Probe): Promise<{ value: number; degrees: number; lost: number }> {
  const found = await drawDirections(probe, draws);
  const means = await binMeans(probe);
  let [value, degrees, inside] = [0, 0, 0];
  for (let bin = 0; bin < bins; bin += 1) {
    const share = ((means[bin * 4 + 3] as number) * 4 * Math.PI) / bins;
    inside += share;
    const expected = share * draws;
    if (expected < 20) continue;
    value += ((found[bin] as number) - expected) ** 2 / expected;
    degrees += 1;
  }
  return { value, degrees, lost: (found[bins] as number) / draws + inside };
}

function viewAt(cosine: number): Vector3 {
  const sine = Math.sqrt(1 - cosine * cosine);
  return [sine * 0.8, sine * 0.6, cosine];
}

const grey = (value: number): Pick<Material, 'baseColor'> => ({ baseColor: [value, value, value] });
const film = { factor: 1, ior: 1.4, minimumNanometres: 100, maximumNanometres: 500 } as const;
const volume = { attenuationColor: [1, 1, 1], attenuationDistance: Infinity } as const;

test.each<[string, Partial<Material>, number, boolean, Vector3?]>([
  ['matt', { ...grey(0.8), roughness: 1 }, 0.9, false],
  ['glossy, at a slant', { ...grey(0.5), roughness: 0.5 }, 0.4, false],
  ['metal', { ...grey(0.9), metallic: 1, roughness: 0.6 }, 0.7, false],
  ['rough metal, nearly edge on', { ...grey(0.9), metallic: 1, roughness: 1 }, 0.15, false],
  ['frosted sheet', { ...grey(0.9), roughness: 0.6, transmission: 0.7 }, 0.6, false],
  [
    'lacquer on metal',
    { ...grey(0.7), metallic: 1, roughness: 0.8, clearcoat: { factor: 1, roughness: 0.5 } },
    0.5,
    false,
  ],
  [
    'lacquer whose normal leans',
    { ...grey(0.5), roughness: 0.7, clearcoat: { factor: 1, roughness: 0.5 } },
    0.6,
    false,
    [0.36, 0.48, 0.8],
  ],
  ['frosted glass', { ...grey(0.9), roughness: 0.6, transmission: 1, volume }, 0.6, false],
  ['frosted glass from inside', { ...grey(0.9), roughness: 0.5, transmission: 1, volume }, 0.8, true],
  [
    'frosted glass from inside, in total reflection',
    { ...grey(0.9), roughness: 0.5, transmission: 1, volume },
    0.4,
    true,
  ],
  ['cloth', { ...grey(0.5), roughness: 0.8, sheen: { color: [0.9, 0.9, 0.9], roughness: 0.4 } }, 0.6, false],
  [
    'brushed metal, stretched',
    { ...grey(0.9), metallic: 1, roughness: 0.5, anisotropy: { strength: 0.8, rotationRadians: 0 } },
    0.6,
    false,
  ],
  [
    'stretched frosted glass',
    { ...grey(0.9), roughness: 0.6, transmission: 1, volume, anisotropy: { strength: 0.6, rotationRadians: 0 } },
    0.7,
    false,
  ],
  ['a thin film on plastic', { ...grey(0.5), roughness: 0.5, iridescence: film }, 0.7, false],
  [
    'glass that is half plastic, lacquered',
    { ...grey(0.8), roughness: 0.7, transmission: 0.5, volume, ior: 1.33, clearcoat: { factor: 1, roughness: 0.4 } },
    0.7,
    false,
  ],
])(
  'directions are drawn with the density that is claimed for them: %s',
  async (_name, material, cosine, isInside, coatNormal) => {
    const { value, degrees, lost } = await chiSquare({
      material,
      wo: viewAt(cosine),
      isInside,
      ...(coatNormal === undefined ? {} : { coatNormal }),
    });
    // What is not drawn inside the bins was drawn below the horizon and thrown away; together they are everything.
    expect(lost).toBeCloseTo(1, 2);
    expect(degrees).toBeGreaterThan(20);
    expect(value).toBeLessThan(degrees + 5 * Math.sqrt(2 * degrees));
  },
  120_000,
);
