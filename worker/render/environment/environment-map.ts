import type { ByteSource } from '../../byte-source.ts';
import { luminance } from '../scene/scene.ts';
import { decodeOpenExr } from './open-exr.ts';
import { decodeRadianceHdr } from './radiance-hdr.ts';
import { type RadianceImage, malformed, readWholeFile } from './radiance-image.ts';
import { cosineSineOfTurn } from './turn.ts';

/**
 * An environment on the octahedral map of the sphere: a direction divided by the sum of its absolute components gives
 * (x, z) inside a diamond for y >= 0 and, folded outwards, the corners for y < 0. No trigonometry at a lookup.
 */
export interface EnvironmentMap {
  readonly sideTexels: number;
  /** 4 float32 per texel: radiance R, G, B and the density over the map's square of area 4, all interpolated between texels. */
  readonly texels: Float32Array<ArrayBuffer>;
  /** 2 float32 per texel: the share of its row up to and with it; in row 0 the share of the rows up to and with that of its column's number. */
  readonly shares: Float32Array<ArrayBuffer>;
  /** Integral of luminance over the sphere. */
  readonly totalLuminance: number;
}

const maximumSide = 1024;

/** Reads a .hdr or .exr file, told apart by its first bytes. @throws SceneError. */
export async function loadEnvironment(source: ByteSource): Promise<EnvironmentMap> {
  const file = await readWholeFile(source);
  if (file[0] === 0x76 && file[1] === 0x2f) return buildEnvironmentMap(await decodeOpenExr(file));
  if (file[0] === 0x23 && file[1] === 0x3f) return buildEnvironmentMap(decodeRadianceHdr(file));
  throw malformed('magic', 'it is neither a Radiance picture (#?) nor an OpenEXR file');
}

/**
 * From an equirectangular picture: the top row looks along +y, the middle column along +x, columns turn from there to +z.
 * Texels get the mean, weighted by solid angle, of the part of the picture that falls on them.
 */
export function buildEnvironmentMap(image: RadianceImage): EnvironmentMap {
  const side = Math.min(maximumSide, Math.max(4, image.heightPixels));
  const sums = resample(image, side);
  const texels = new Float32Array(side * side * 4);
  const weights: number[] = [];
  let totalLuminance = 0;
  for (let texel = 0; texel < side * side; texel += 1) {
    const weight = sums[texel * 4 + 3] as number;
    const color = [0, 1, 2].map((channel) => (weight > 0 ? (sums[texel * 4 + channel] as number) / weight : 0));
    texels.set(color, texel * 4);
    const shine =
      luminance(color as [number, number, number]) * solidAngle(texel % side, Math.floor(texel / side), side);
    totalLuminance += shine;
    weights.push(Math.max(shine, 1e-30));
  }
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  weights.forEach((weight, texel) => {
    texels[texel * 4 + 3] = (weight / total) * ((side * side) / 4);
  });
  return { sideTexels: side, texels, shares: cumulativeShares(weights, side, total), totalLuminance };
}

/** The last share of each kind is 1 whatever rounding says: no number below 1 may find nothing. */
function cumulativeShares(weights: readonly number[], side: number, total: number): Float32Array<ArrayBuffer> {
  const shares = new Float32Array(side * side * 2);
  let before = 0;
  for (let row = 0; row < side; row += 1) {
    const own = weights.slice(row * side, (row + 1) * side);
    const rowTotal = own.reduce((sum, weight) => sum + weight, 0);
    let sum = 0;
    own.forEach((weight, column) => {
      sum += weight;
      shares[(row * side + column) * 2] = column === side - 1 ? 1 : sum / rowTotal;
    });
    before += rowTotal;
    shares[row * 2 + 1] = row === side - 1 ? 1 : before / total;
  }
  return shares;
}

/** Solid angle of a texel by its centre: the map stretches a direction v / |v| by |v|^3. */
function solidAngle(column: number, row: number, side: number): number {
  const x = ((column + 0.5) / side) * 2 - 1;
  const z = ((row + 0.5) / side) * 2 - 1;
  const y = 1 - Math.abs(x) - Math.abs(z);
  // Folded or not, the octahedron's point has the same distance from its centre.
  const [px, pz] = y >= 0 ? [x, z] : [1 - Math.abs(z), 1 - Math.abs(x)];
  const squared = px * px + y * y + pz * pz;
  return 4 / (side * side) / (squared * Math.sqrt(squared));
}

/** Sums of radiance x solid angle (R, G, B) and of solid angle over the points that fall on each texel. */
function resample(image: RadianceImage, side: number): Float64Array {
  const sums = new Float64Array(side * side * 4);
  const { widthPixels, heightPixels, pixels } = image;
  // Each pixel is spread as so many points a side, so that no texel stays empty.
  const pointsPerSide = heightPixels >= 2 * side ? 2 : 3;
  const columns = widthPixels * pointsPerSide;
  const rows = heightPixels * pointsPerSide;
  const turns = Float64Array.from({ length: columns * 2 }, (_, index) => {
    return cosineSineOfTurn(((index >> 1) + 0.5) / columns)[index & 1] as number;
  });
  for (let row = 0; row < rows; row += 1) {
    const [y, ring] = cosineSineOfTurn((row + 0.5) / rows / 2);
    for (let column = 0; column < columns; column += 1) {
      // Column 0 looks along -x.
      const x = -ring * (turns[column * 2] as number);
      const z = -ring * (turns[column * 2 + 1] as number);
      const scale = 1 / (Math.abs(x) + Math.abs(y) + Math.abs(z));
      let [u, v] = [x * scale, z * scale];
      if (y < 0) [u, v] = [(1 - Math.abs(v)) * (u < 0 ? -1 : 1), (1 - Math.abs(u)) * (v < 0 ? -1 : 1)];
      const texel =
        Math.min(side - 1, Math.floor((v + 1) * 0.5 * side)) * side +
        Math.min(side - 1, Math.floor((u + 1) * 0.5 * side));
      const source = (Math.floor(row / pointsPerSide) * widthPixels + Math.floor(column / pointsPerSide)) * 3;
      for (let channel = 0; channel < 3; channel += 1) {
        sums[texel * 4 + channel] = (sums[texel * 4 + channel] as number) + (pixels[source + channel] as number) * ring;
      }
      sums[texel * 4 + 3] = (sums[texel * 4 + 3] as number) + ring;
    }
  }
  return sums;
}
