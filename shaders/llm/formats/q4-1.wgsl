// Q4_1: a block of 32 weights is w[i] = scale * nibble[i] + minimum. Planes: the 16 nibble bytes of a block in file order (byte i
// holds weights i and i + 16; unit: 16 bytes = 32 weights), and one word of (scale, minimum) in f16 per block. Exact.
// Host: worker/llm/formats/q4-1.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

struct WeightRaw {
  w: vec4<u32>,
  // Scale and minimum.
  affine: u32,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  return WeightRaw(weightData[row * blocks + unit], weightScales[row * blocks + unit]);
}
// == float ==
struct WeightCells {
  codes: Block,
  affine: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = fourBitBlock(raw.w, 0.0);
  return WeightCells(codes, vec2<f32>(decodeHalf(raw.affine), decodeHalf(raw.affine >> 16u)));
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  return mapBlock(cells.codes, cells.affine.x, cells.affine.y);
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  let product = dotFirstHalf(cells.codes, x) + dotSecondHalf(cells.codes, x);
  return cells.affine.x * product + cells.affine.y * (sumFirstHalf(x) + sumSecondHalf(x));
}
// == int8 ==
const WEIGHT_NEEDS_SUM = true;

struct WeightCells {
  nibbles: vec4<u32>,
  affine: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  return WeightCells(raw.w, vec2<f32>(decodeHalf(raw.affine), decodeHalf(raw.affine >> 16u)));
}

fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  return dotAffine(cells.affine, dotNibbles(cells.nibbles, x), x);
}
// == repack ==
const GROUP_BYTES = 20u;
const GROUP_BLOCKS = 1u;
const BLOCK_WORDS = 4u;
const SCALE_WORDS = 1u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  scales[scaleDestination] = rawWord(source);
  for (var i = 0u; i < 4u; i++) {
    data[destination + i] = rawWord(source + 4u + i * 4u);
  }
}
