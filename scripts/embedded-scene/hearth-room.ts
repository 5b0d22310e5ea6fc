import { type Mesh, type Point, box, join, quad, sphere, trefoil, turned } from './geometry.ts';
import type { SceneDefinition } from './glb-writer.ts';

// Metres. The room is closed: nothing outside it is ever seen.
const left = -2;
const right = 2;
const back = -2;
const front = 4.6;
const height = 2.7;
const openingHalfWidth = 0.62;
const openingHeight = 0.82;
const fireboxBack = -2.5;

/** A room with a fire in its hearth, a knot of brass, a ball of clay and a stone of steel under a ceiling light. */
export const hearthRoom: SceneDefinition = {
  name: 'Hearth room',
  materials: [
    { name: 'plaster', color: [0.78, 0.75, 0.7], roughness: 0.9 },
    { name: 'terracotta', color: [0.62, 0.17, 0.08], roughness: 0.85 },
    { name: 'teal', color: [0.05, 0.27, 0.3], roughness: 0.85 },
    { name: 'oak', color: [0.4, 0.245, 0.13], roughness: 0.45 },
    { name: 'rug', color: [0.13, 0.17, 0.24], roughness: 1 },
    { name: 'stone', color: [0.5, 0.48, 0.45], roughness: 0.7 },
    { name: 'brick', color: [0.2, 0.085, 0.06], roughness: 0.95 },
    { name: 'log', color: [0.16, 0.09, 0.05], roughness: 0.9 },
    { name: 'brass', color: [0.91, 0.67, 0.33], metallic: 1, roughness: 0.38 },
    { name: 'steel', color: [0.56, 0.58, 0.62], metallic: 1, roughness: 0.4 },
    { name: 'clay', color: [0.72, 0.3, 0.16], roughness: 0.6 },
    { name: 'porcelain', color: [0.82, 0.82, 0.8], roughness: 0.3 },
    { name: 'lamp', color: [0.8, 0.8, 0.8], roughness: 1, emission: [8.2, 7.9, 7.4] },
    { name: 'flame', color: [0.1, 0.1, 0.1], roughness: 1, emission: [4.4, 1.1, 0.12] },
    { name: 'flame core', color: [0.1, 0.1, 0.1], roughness: 1, emission: [6, 2.9, 0.6] },
    { name: 'ember', color: [0.1, 0.05, 0.03], roughness: 1, emission: [6, 1.3, 0.12] },
  ],
  nodes: [
    { name: 'walls', mesh: walls(), material: 'plaster' },
    {
      name: 'left wall',
      mesh: quad([left, 0, front], [left, 0, back], [left, height, back], [left, height, front]),
      material: 'terracotta',
    },
    {
      name: 'right wall',
      mesh: quad([right, 0, back], [right, 0, front], [right, height, front], [right, height, back]),
      material: 'teal',
    },
    {
      name: 'floor',
      mesh: quad([left, 0, front], [right, 0, front], [right, 0, back], [left, 0, back]),
      material: 'oak',
    },
    { name: 'rug', mesh: box([0, 0.012, 0.15], [2.3, 0.024, 1.7]), material: 'rug' },
    { name: 'surround', mesh: surround(), material: 'stone' },
    { name: 'firebox', mesh: firebox(), material: 'brick' },
    { name: 'logs', mesh: logs(), material: 'log' },
    {
      name: 'embers',
      mesh: quad([-0.34, 0.06, -2.02], [0.34, 0.06, -2.02], [0.34, 0.06, -2.36], [-0.34, 0.06, -2.36]),
      material: 'ember',
    },
    { name: 'flames', mesh: flames(), material: 'flame' },
    { name: 'flame core', mesh: flame([0, 0.16, -2.1], 0.075, 0.26, 0.3), material: 'flame core' },
    {
      name: 'lamp',
      mesh: quad(
        [-0.95, height - 0.02, 0.1],
        [0.95, height - 0.02, 0.1],
        [0.95, height - 0.02, 1.6],
        [-0.95, height - 0.02, 1.6],
      ),
      material: 'lamp',
    },
    { name: 'plaque', mesh: plaque(), material: 'steel' },
    { name: 'emblem', mesh: emblem(), material: 'brass' },
    { name: 'plinth', mesh: box([-1.08, 0.3, -0.55], [0.6, 0.6, 0.6], 0.35), material: 'stone' },
    {
      name: 'knot',
      mesh: trefoil(0.36, 0.085, 160, 18),
      material: 'brass',
      translation: [-1.08, 1.04, -0.55],
      rotation: [0, 0.1305, 0, 0.9914],
    },
    { name: 'ball', mesh: sphere(0.34, 24), material: 'clay', translation: [1.12, 0.34, -0.75] },
    { name: 'small ball', mesh: sphere(0.19, 20), material: 'porcelain', translation: [0.62, 0.214, 0.22] },
    { name: 'gem', mesh: gem(), material: 'steel' },
    {
      name: 'vase',
      mesh: turned(
        [
          [0, 0],
          [0.07, 0],
          [0.12, 0.12],
          [0.1, 0.22],
          [0.045, 0.3],
          [0.06, 0.36],
          [0, 0.34],
        ],
        9,
        [0.72, 1.18, -1.82],
      ),
      material: 'brass',
    },
  ],
  camera: {
    translation: [0, 1.28, 4.25],
    rotation: [-0.0306, 0, 0, 0.99953],
    verticalFieldOfViewRadians: 0.72,
  },
};

/** Back wall around the opening, ceiling and the wall behind the camera. */
function walls(): Mesh {
  const w = openingHalfWidth;
  return join(
    quad([left, 0, back], [-w, 0, back], [-w, height, back], [left, height, back]),
    quad([w, 0, back], [right, 0, back], [right, height, back], [w, height, back]),
    quad([-w, openingHeight, back], [w, openingHeight, back], [w, height, back], [-w, height, back]),
    quad([left, height, back], [right, height, back], [right, height, front], [left, height, front]),
    quad([right, 0, front], [left, 0, front], [left, height, front], [right, height, front]),
  );
}

/** Two pillars, a lintel, the mantel shelf and the hearth stone. */
function surround(): Mesh {
  return join(
    box([-0.75, 0.46, -1.88], [0.26, 0.92, 0.24]),
    box([0.75, 0.46, -1.88], [0.26, 0.92, 0.24]),
    box([0, 0.98, -1.88], [1.76, 0.24, 0.24]),
    box([0, 1.14, -1.84], [2.0, 0.08, 0.36]),
    box([0, 0.025, -1.68], [1.76, 0.05, 0.5]),
  );
}

function firebox(): Mesh {
  const w = openingHalfWidth;
  const inner = 0.44;
  return join(
    quad(
      [-inner, 0, fireboxBack],
      [inner, 0, fireboxBack],
      [inner, openingHeight, fireboxBack],
      [-inner, openingHeight, fireboxBack],
    ),
    quad([-w, 0, back], [-inner, 0, fireboxBack], [-inner, openingHeight, fireboxBack], [-w, openingHeight, back]),
    quad([inner, 0, fireboxBack], [w, 0, back], [w, openingHeight, back], [inner, openingHeight, fireboxBack]),
    quad([-w, 0, back], [w, 0, back], [inner, 0, fireboxBack], [-inner, 0, fireboxBack]),
    quad(
      [-inner, openingHeight, fireboxBack],
      [inner, openingHeight, fireboxBack],
      [w, openingHeight, back],
      [-w, openingHeight, back],
    ),
  );
}

function logs(): Mesh {
  return join(
    log([-0.4, 0.1, -2.12], [0.38, 0.1, -2.06], 0.055),
    log([-0.36, 0.11, -2.3], [0.4, 0.11, -2.28], 0.06),
    log([-0.2, 0.17, -2.02], [0.12, 0.2, -2.34], 0.045),
  );
}

/** A hexagonal bar from one end to the other; both lie at different x. */
function log(from: Point, to: Point, radius: number): Mesh {
  const positions: Point[] = [];
  for (const end of [from, to]) {
    for (let side = 0; side < 6; side += 1) {
      const angle = (side / 6) * 2 * Math.PI;
      positions.push([end[0], end[1] + radius * Math.cos(angle), end[2] + radius * Math.sin(angle)]);
    }
  }
  const indices: number[] = [];
  for (let side = 0; side < 6; side += 1) {
    const next = (side + 1) % 6;
    indices.push(side, side + 6, next, next, side + 6, next + 6);
  }
  for (let side = 1; side < 5; side += 1) indices.push(0, side, side + 1, 6, 6 + side + 1, 6 + side);
  return { positions, indices };
}

function flames(): Mesh {
  return join(
    flame([0, 0.12, -2.18], 0.15, 0.54, 0),
    flame([-0.2, 0.1, -2.16], 0.1, 0.36, 0.4),
    flame([0.2, 0.1, -2.2], 0.11, 0.41, 0.9),
  );
}

/** A faceted drop on a point. */
function flame(base: Point, radius: number, heightMetres: number, turn: number): Mesh {
  const profile: [number, number][] = [
    [0, 0],
    [radius * 0.72, heightMetres * 0.1],
    [radius, heightMetres * 0.28],
    [radius * 0.66, heightMetres * 0.56],
    [radius * 0.27, heightMetres * 0.82],
    [0, heightMetres],
  ];
  return turned(profile, 6, base, turn);
}

function gem(): Mesh {
  return turned(
    [
      [0, 0],
      [0.17, 0.06],
      [0.23, 0.2],
      [0.15, 0.36],
      [0, 0.42],
    ],
    7,
    [-0.35, 0.024, 0.12],
    0.25,
  );
}

/** A round plate on the chimney breast, above the mantel. */
function plaque(): Mesh {
  const plate: [number, number][] = [
    [0.33, 0],
    [0.33, 0.03],
    [0.29, 0.05],
    [0.28, 0.035],
    [0, 0.035],
  ];
  return facingRoom(turned(plate, 40, [0, 0, 0]));
}

/** Three flames in relief on the plate. */
function emblem(): Mesh {
  const relief = join(
    flame([0, -0.2, 0], 0.1, 0.42, 0),
    flame([-0.12, -0.16, 0], 0.06, 0.25, 0.4),
    flame([0.12, -0.16, 0], 0.06, 0.25, 0.9),
  );
  return {
    positions: relief.positions.map(([x, y, z]): Point => [x, y + 1.72, back + 0.05 + z * 0.4]),
    indices: relief.indices,
  };
}

/** Turns the vertical axis towards the camera and puts the foot on the back wall. */
function facingRoom(mesh: Mesh): Mesh {
  return { positions: mesh.positions.map(([x, y, z]): Point => [x, 1.72 - z, back + y]), indices: mesh.indices };
}
