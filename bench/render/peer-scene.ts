import { camera, materials, quads, type Point } from './cornell-box.ts';

/** A scene of the comparison as both renderers get it: ours as GLB, the peer as objects of three. Metres, y up, colours linear. */
export interface BenchScene {
  readonly name: string;
  readonly meshes: readonly BenchMesh[];
  /** Looks along -z; the vertical angle is in degrees. */
  readonly camera: { readonly origin: Point; readonly verticalFieldOfViewDegrees: number };
  readonly images: readonly BenchImage[];
  /** Equirectangular, R, G, B; the top row looks up, the middle column along +x, columns turn from there to +z. */
  readonly environment?: {
    readonly widthPixels: number;
    readonly heightPixels: number;
    readonly pixels: Float32Array<ArrayBuffer>;
  };
}

/** 8 bits of R, G, B and alpha, square, repeated, bilinear. */
export interface BenchImage {
  readonly side: number;
  readonly pixels: Uint8Array<ArrayBuffer>;
}

export interface BenchMesh {
  readonly name: string;
  /** Corners of triangles, counter-clockwise seen from the front. */
  readonly positions: readonly number[];
  readonly normals: readonly number[];
  readonly textureCoordinates?: readonly number[];
  readonly baseColor: Point;
  readonly emission: Point;
  readonly metallic: number;
  readonly roughness: number;
  /** Places in `images`; the second has roughness in green and metalness in blue. */
  readonly baseColorImage?: number;
  readonly metallicRoughnessImage?: number;
  /** Lambert's: no dielectric reflection. */
  readonly isMatt?: boolean;
}

export function cornellScene({ isMatt = false } = {}): BenchScene {
  return {
    name: 'Cornell box',
    camera,
    images: [],
    meshes: materials.map(({ name, baseColor, emission }, index) => {
      const positions = quads
        .filter(({ material }) => material === index)
        .flatMap(({ corners: [a, b, c, d] }) => [a, b, c, a, c, d].flat());
      return {
        name,
        positions,
        normals: flatNormals(positions),
        baseColor,
        emission,
        metallic: 0,
        roughness: 1,
        isMatt,
      };
    }),
  };
}

export function flatNormals(positions: readonly number[]): number[] {
  const normals: number[] = [];
  for (let at = 0; at < positions.length; at += 9) {
    const p = (index: number) => positions[at + index] as number;
    const [ux, uy, uz] = [p(3) - p(0), p(4) - p(1), p(5) - p(2)];
    const [vx, vy, vz] = [p(6) - p(0), p(7) - p(1), p(8) - p(2)];
    const normal = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx];
    const size = Math.hypot(...normal) || 1;
    for (let corner = 0; corner < 3; corner += 1) normals.push(...normal.map((value) => value / size));
  }
  return normals;
}
