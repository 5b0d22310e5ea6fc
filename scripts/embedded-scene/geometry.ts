export type Point = readonly [number, number, number];

/** Triangles of one material: flat lists, as a glTF primitive holds them. Normals absent: every triangle is flat. */
export interface Mesh {
  readonly positions: Point[];
  readonly normals?: Point[];
  /** Texture coordinates u, v. */
  readonly coordinates?: (readonly [number, number])[];
  readonly indices: number[];
}

/** Joins meshes without normals into one. */
export function join(...meshes: readonly Mesh[]): Mesh {
  const positions: Point[] = [];
  const indices: number[] = [];
  for (const mesh of meshes) {
    indices.push(...mesh.indices.map((index) => index + positions.length));
    positions.push(...mesh.positions);
  }
  return { positions, indices };
}

/** A parallelogram; its front is where a, b, c, d run counter-clockwise. */
export function quad(a: Point, b: Point, c: Point, d: Point): Mesh {
  return { positions: [a, b, c, d], indices: [0, 1, 2, 0, 2, 3] };
}

/** An axis-parallel box, seen from outside, turned about its vertical axis. */
export function box(center: Point, size: Point, turnRadians = 0): Mesh {
  const positions: Point[] = [];
  for (let corner = 0; corner < 8; corner += 1) {
    const local: Point = [
      ((corner & 1) - 0.5) * size[0],
      (((corner >> 1) & 1) - 0.5) * size[1],
      (((corner >> 2) & 1) - 0.5) * size[2],
    ];
    positions.push(move(turnY(local, turnRadians), center));
  }
  const faces = [
    [0, 4, 6, 2],
    [1, 3, 7, 5],
    [0, 1, 5, 4],
    [2, 6, 7, 3],
    [0, 2, 3, 1],
    [4, 5, 7, 6],
  ];
  return { positions, indices: faces.flatMap(([a = 0, b = 0, c = 0, d = 0]) => [a, b, c, a, c, d]) };
}

/** A faceted solid of revolution about the vertical axis; `profile` lists radius and height from bottom to top. */
export function turned(profile: readonly (readonly [number, number])[], sides: number, center: Point, turn = 0): Mesh {
  const positions: Point[] = [];
  const indices: number[] = [];
  for (const [radius, height] of profile) {
    for (let side = 0; side < sides; side += 1) {
      const angle = turn + (side / sides) * 2 * Math.PI;
      positions.push([center[0] + radius * Math.cos(angle), center[1] + height, center[2] + radius * Math.sin(angle)]);
    }
  }
  for (let ring = 0; ring + 1 < profile.length; ring += 1) {
    for (let side = 0; side < sides; side += 1) {
      const next = (side + 1) % sides;
      const [a, b] = [ring * sides + side, ring * sides + next];
      const [c, d] = [a + sides, b + sides];
      // A ring of radius 0 is a tip: one triangle instead of two.
      if (profile[ring]?.[0] !== 0) indices.push(a, c, b);
      if (profile[ring + 1]?.[0] !== 0) indices.push(b, c, d);
    }
  }
  return { positions, indices };
}

/** A smooth tube around a (2, 3) torus knot lying about the z axis. */
export function trefoil(radius: number, tubeRadius: number, segments: number, sides: number): Mesh {
  const positions: Point[] = [];
  const normals: Point[] = [];
  const indices: number[] = [];
  const curve = (turn: number): Point => {
    const reach = radius * (2 + Math.cos(3 * turn)) * (1 / 3);
    return [reach * Math.cos(2 * turn), reach * Math.sin(2 * turn), radius * 0.42 * Math.sin(3 * turn)];
  };
  for (let segment = 0; segment < segments; segment += 1) {
    const turn = (segment / segments) * 2 * Math.PI;
    const here = curve(turn);
    const tangent = unit(minus(curve(turn + 1e-3), curve(turn - 1e-3)));
    // The axis through the hole is never parallel to the tangent, so it fixes the frame without a twist.
    const outward = unit(cross(cross(tangent, here), tangent));
    const across = cross(tangent, outward);
    for (let side = 0; side < sides; side += 1) {
      const angle = (side / sides) * 2 * Math.PI;
      const [c, s] = [Math.cos(angle), Math.sin(angle)];
      const normal: Point = [
        outward[0] * c + across[0] * s,
        outward[1] * c + across[1] * s,
        outward[2] * c + across[2] * s,
      ];
      normals.push(normal);
      positions.push(move(here, [normal[0] * tubeRadius, normal[1] * tubeRadius, normal[2] * tubeRadius]));
      const nextSegment = ((segment + 1) % segments) * sides;
      const nextSide = (side + 1) % sides;
      const [a, b, d, e] = [
        segment * sides + side,
        segment * sides + nextSide,
        nextSegment + side,
        nextSegment + nextSide,
      ];
      indices.push(a, d, b, b, d, e);
    }
  }
  return { positions, normals, indices };
}

/** A unit-sphere subdivision of an octahedron, smooth, scaled and moved. */
export function sphere(radius: number, divisions: number): Mesh {
  const positions: Point[] = [];
  const normals: Point[] = [];
  const indices: number[] = [];
  const rings = divisions * 2;
  for (let ring = 0; ring <= divisions; ring += 1) {
    const latitude = (ring / divisions - 0.5) * Math.PI;
    for (let step = 0; step <= rings; step += 1) {
      const longitude = (step / rings) * 2 * Math.PI;
      const normal: Point = [
        Math.cos(latitude) * Math.cos(longitude),
        Math.sin(latitude),
        -Math.cos(latitude) * Math.sin(longitude),
      ];
      normals.push(normal);
      positions.push([normal[0] * radius, normal[1] * radius, normal[2] * radius]);
      if (ring === divisions || step === rings) continue;
      const low = ring * (rings + 1) + step;
      const high = low + rings + 1;
      if (ring > 0) indices.push(low, low + 1, high + 1);
      if (ring + 1 < divisions) indices.push(low, high + 1, high);
    }
  }
  return { positions, normals, indices };
}

export function move(a: Point, b: Point): Point {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

function turnY(p: Point, radians: number): Point {
  const [c, s] = [Math.cos(radians), Math.sin(radians)];
  return [p[0] * c + p[2] * s, p[1], p[2] * c - p[0] * s];
}

function minus(a: Point, b: Point): Point {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function cross(a: Point, b: Point): Point {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

function unit(a: Point): Point {
  const length = Math.hypot(...a);
  return [a[0] / length, a[1] / length, a[2] / length];
}
