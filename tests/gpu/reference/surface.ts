import type { Material } from '../../../worker/render/scene/scene.ts';
import { add, cross, dot, normalize, scale, type Vector } from './vector.ts';

/** f x cosine and the density with which `sample` draws the direction. */
export interface ReflectedLight {
  readonly value: Vector;
  readonly density: number;
}

export interface ReferenceSurface {
  /** `wi` in world space, unit; zero below the horizon of the shading normal. */
  evaluate(wi: Vector): ReflectedLight;
  sample(random: () => number): Vector;
}

const dielectric = 0.04;
const narrowest = 1 / 512;
const tableSize = 128;

/** Prepares the materials of a scene; `at` gives the surface at a point seen along `wo` (away from the surface). */
export function createReferenceSurfaces(materials: readonly Material[]) {
  const tables = materials.map((material) => albedoTable(widthOf(material)));
  return {
    at(materialIndex: number, normal: Vector, wo: Vector): ReferenceSurface {
      const material = materials[materialIndex] as Material;
      const cosine = dot(normal, wo);
      return createSurface(material, normal, wo, lookUp(tables[materialIndex] as Float64Array, cosine));
    },
  };
}

function createSurface(
  material: Material,
  normal: Vector,
  wo: Vector,
  [full, weighted]: readonly [number, number],
): ReferenceSurface {
  const width = widthOf(material);
  const helper: Vector = Math.abs(normal[0]) > 0.5 ? [0, 1, 0] : [1, 0, 0];
  const tangent = normalize(cross(helper, normal));
  const bitangent = cross(normal, tangent);
  const cosineO = dot(normal, wo);
  const boost = (f0: number) => 1 + (f0 * (1 - full)) / full;
  const coatAlbedo = boost(dielectric) * (dielectric * full + (1 - dielectric) * weighted);

  /** Fresnel with the energy that single scattering loses, of the dielectric coat and the metal, by their shares. */
  const fresnel = (base: number, m5: number): number =>
    (1 - material.metallic) * boost(dielectric) * (dielectric + (1 - dielectric) * m5) +
    material.metallic * boost(base) * (base + (1 - base) * m5);

  function evaluate(wi: Vector): ReflectedLight {
    const cosineI = dot(normal, wi);
    if (cosineI <= 0 || cosineO <= 0) return { value: [0, 0, 0], density: 0 };
    const h = normalize(add(wo, wi));
    const cosineH = dot(normal, h);
    const cosineD = dot(wo, h);
    const distribution = ggx(cosineH, width);
    const shadowing = 1 / (1 + smithLambda(cosineO, width) + smithLambda(cosineI, width));
    const specular = (distribution * shadowing) / (4 * cosineO * cosineI);
    const m5 = (1 - cosineD) ** 5;
    const value = material.baseColor.map((base) => {
      const diffuse = (base * (1 - material.metallic) * Math.max(0, 1 - coatAlbedo)) / Math.PI;
      return (diffuse + specular * fresnel(base, m5)) * cosineI;
    }) as unknown as Vector;
    // Half of the samples go to each lobe.
    const density = 0.5 * (cosineI / Math.PI) + 0.5 * ((distribution * cosineH) / (4 * cosineD));
    return { value, density };
  }

  function sample(random: () => number): Vector {
    const lobe = random();
    const turn = 2 * Math.PI * random();
    const u = random();
    if (lobe < 0.5) return toWorld(Math.sqrt(1 - u), Math.sqrt(u), turn);
    const tangentSquared = (width * width * u) / (1 - u);
    const cosine = 1 / Math.sqrt(1 + tangentSquared);
    const h = toWorld(cosine, Math.sqrt(Math.max(0, 1 - cosine * cosine)), turn);
    return normalize(add(scale(h, 2 * dot(wo, h)), scale(wo, -1)));
  }

  function toWorld(cosine: number, sine: number, turn: number): Vector {
    const across = add(scale(tangent, sine * Math.cos(turn)), scale(bitangent, sine * Math.sin(turn)));
    return add(across, scale(normal, cosine));
  }

  return { evaluate, sample };
}

function widthOf(material: Material): number {
  return Math.max(material.roughness ** 2, narrowest);
}

function ggx(cosine: number, width: number): number {
  if (cosine <= 0) return 0;
  const tangentSquared = Math.max(0, 1 - cosine * cosine) / (cosine * cosine);
  return 1 / (Math.PI * width ** 2 * cosine ** 4 * (1 + tangentSquared / width ** 2) ** 2);
}

function smithLambda(cosine: number, width: number): number {
  const tangentSquared = Math.max(0, 1 - cosine * cosine) / (cosine * cosine);
  return (Math.sqrt(1 + width * width * tangentSquared) - 1) / 2;
}

/**
 * Albedo of the lobe with Fresnel = 1, and weighted by (1 - wo.h)^5, by midpoint quadrature over its normals: substituting
 * the cumulative distribution of D cos, squared at its end, makes the integrand smooth. Cosines are spaced evenly in their square root.
 */
export function lobeAlbedo(cosine: number, width: number, slopeSteps: number, turnSteps: number): [number, number] {
  const sine = Math.sqrt(1 - cosine * cosine);
  let full = 0;
  let weighted = 0;
  for (let row = 0; row < slopeSteps; row += 1) {
    const rest = 1 - (row + 0.5) / slopeSteps;
    const u = 1 - rest * rest;
    const cosineH = 1 / Math.sqrt(1 + (width * width * u) / (1 - u));
    const sineH = Math.sqrt(1 - cosineH * cosineH);
    for (let column = 0; column < turnSteps; column += 1) {
      const turn = ((column + 0.5) / turnSteps) * Math.PI;
      const cosineD = sine * sineH * Math.cos(turn) + cosine * cosineH;
      const cosineI = 2 * cosineD * cosineH - cosine;
      if (cosineD <= 0 || cosineI <= 0) continue;
      const shadowing = 1 / (1 + smithLambda(cosine, width) + smithLambda(cosineI, width));
      const weight = (2 * rest * shadowing * cosineD) / (cosine * cosineH);
      full += weight;
      weighted += weight * (1 - cosineD) ** 5;
    }
  }
  return [full / (slopeSteps * turnSteps), weighted / (slopeSteps * turnSteps)];
}

function albedoTable(width: number): Float64Array {
  const table = new Float64Array((tableSize + 1) * 2);
  for (let index = 0; index <= tableSize; index += 1) {
    table.set(lobeAlbedo(Math.max((index / tableSize) ** 2, 1e-5), width, 192, 48), index * 2);
  }
  return table;
}

function lookUp(table: Float64Array, cosine: number): [number, number] {
  const place = Math.sqrt(Math.min(1, Math.max(0, cosine))) * tableSize;
  const index = Math.min(tableSize - 1, Math.floor(place));
  const part = place - index;
  const at = (offset: number) =>
    (table[index * 2 + offset] as number) * (1 - part) + (table[index * 2 + 2 + offset] as number) * part;
  return [at(0), at(1)];
}
