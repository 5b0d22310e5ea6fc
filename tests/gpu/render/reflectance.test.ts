import { expect, test } from 'vitest';
import type { Material, Vector3 } from '../../../worker/render/scene/scene.ts';
import { stretchedLobe } from '../reference/layers.ts';
import { lobeAlbedo } from '../reference/surface.ts';
import { seededRandom } from './scene-fixtures.ts';
import { evaluateDirections } from './surface-probe.ts';

const roughness = 0.45;
const base: Vector3 = [0.8, 0.5, 0.2];

function directionsAbove(count: number): Vector3[] {
  const random = seededRandom(47);
  return Array.from({ length: count }, () => {
    const z = 0.05 + 0.95 * random();
    const turn = random() * 2 * Math.PI;
    return [Math.sqrt(1 - z * z) * Math.cos(turn), Math.sqrt(1 - z * z) * Math.sin(turn), z];
  });
}

/**
 * KHR_materials_ior and KHR_materials_specular in float64: F0 = min(((ior - 1) / (ior + 1))^2 colour, 1) x factor and F90 =
 * factor, each scaled by what single scattering loses; the base gets what the strongest colour leaves.
 */
function expectedValue(wo: Vector3, wi: Vector3, ior: number, factor: number, color: Vector3): number[] {
  const [full, weighted] = lobeAlbedo(wo[2], roughness ** 2, 600, 64);
  const lobe = stretchedLobe(wo, wi, roughness ** 2, roughness ** 2)[0];
  const h = Math.hypot(wo[0] + wi[0], wo[1] + wi[1], wo[2] + wi[2]);
  const cosine = (wo[0] * (wo[0] + wi[0]) + wo[1] * (wo[1] + wi[1]) + wo[2] * (wo[2] + wi[2])) / h;
  const parts = color.map((tint) => {
    const f0 = Math.min(((ior - 1) / (ior + 1)) ** 2 * tint, 1) * factor;
    const boost = 1 + (f0 * (1 - full)) / full;
    return {
      albedo: boost * (f0 * full + (factor - f0) * weighted),
      reflected: boost * (f0 + (factor - f0) * (1 - cosine) ** 5) * lobe,
    };
  });
  const left = 1 - Math.max(...parts.map(({ albedo }) => albedo));
  return parts.map(({ reflected }, axis) => ((left * (base[axis] as number)) / Math.PI + reflected) * wi[2]);
}

test.each<[string, number, number, Vector3, number]>([
  ['of water', 1.33, 1, [1, 1, 1], 0.8],
  ['of diamond, nearly edge on', 2.42, 1, [1, 1, 1], 0.15],
  ['at half strength', 1.5, 0.5, [1, 1, 1], 0.5],
  ['in a colour', 1.5, 1, [1, 0.3, 0.1], 0.6],
  ['in a colour beyond what can be reflected', 1.8, 0.9, [20, 5, 1], 0.7],
])(
  'a reflection %s is as strong as a float64 formula says',
  async (_name, ior, factor, color, cosine) => {
    const wo: Vector3 = [0.6 * Math.sqrt(1 - cosine ** 2), 0.8 * Math.sqrt(1 - cosine ** 2), cosine];
    const material: Partial<Material> = { baseColor: base, roughness, ior, specular: { factor, color } };
    const wanted = directionsAbove(199);
    const found = await evaluateDirections({ material, wo }, wanted);
    wanted.forEach((wi, index) =>
      expectedValue(wo, wi, ior, factor, color).forEach((expected, axis) =>
        expect(Math.abs((found[index * 4 + axis] as number) / expected - 1)).toBeLessThan(5e-3),
      ),
    );
  },
  60_000,
);

test.each([
  ['whole and smooth', 1, 0.1, 0.7],
  ['thin and rough', 0.4, 0.6, 0.3],
])(
  'a clear coat, %s, lies over the rest as a float64 formula says',
  async (_name, factor, coatRoughness, cosine) => {
    const wo: Vector3 = [0.6 * Math.sqrt(1 - cosine ** 2), 0.8 * Math.sqrt(1 - cosine ** 2), cosine];
    const material: Partial<Material> = { baseColor: base, roughness, clearcoat: { factor, roughness: coatRoughness } };
    const wanted = directionsAbove(199);
    const found = await evaluateDirections({ material, wo }, wanted);
    const width = coatRoughness ** 2;
    const [full, weighted] = lobeAlbedo(cosine, width, 600, 64);
    const boost = factor * (1 + (0.04 * (1 - full)) / full);
    const left = 1 - boost * (0.04 * full + 0.96 * weighted);
    wanted.forEach((wi, index) => {
      const h = Math.hypot(wo[0] + wi[0], wo[1] + wi[1], wo[2] + wi[2]);
      const towards = (1 + wo[0] * wi[0] + wo[1] * wi[1] + wo[2] * wi[2]) / h;
      const coat = boost * (0.04 + 0.96 * (1 - towards) ** 5) * stretchedLobe(wo, wi, width, width)[0] * wi[2];
      expectedValue(wo, wi, 1.5, 1, [1, 1, 1]).forEach((below, axis) =>
        expect(Math.abs((found[index * 4 + axis] as number) / (coat + left * below) - 1)).toBeLessThan(5e-3),
      );
    });
  },
  60_000,
);
