// Q5_1: a block of 32 weights is w[i] = scale * code[i] + minimum, code of five bits. Planes: the 16 bytes of low nibbles in file
// order (byte i holds weights i and i + 16; unit: 16 bytes = 32 weights), and per block two words: (scale, minimum) in f16, then
// the high bits, bit i of weight i. Exact. Host: worker/llm/formats/q5-1.ts
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
  high: u32,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  let base = (row * blocks + unit) * 2u;
  return WeightRaw(weightData[row * blocks + unit], weightScales[base], weightScales[base + 1u]);
}
// == float ==
struct WeightCells {
  codes: Block,
  affine: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = fiveBitBlock(raw.w, raw.high);
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
  // Codes 0 to 15, and 16 to 31.
  first: vec4<u32>,
  second: vec4<u32>,
  affine: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let second = fiveBitBytes(raw.w >> vec4<u32>(4u), raw.high >> 16u);
  return WeightCells(fiveBitBytes(raw.w, raw.high), second, vec2<f32>(decodeHalf(raw.affine), decodeHalf(raw.affine >> 16u)));
}

fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  return dotAffine(cells.affine, dotHalves(cells.first, cells.second, x), x);
}
// == repack ==
const GROUP_BYTES = 24u;
const GROUP_BLOCKS = 1u;
const BLOCK_WORDS = 4u;
const SCALE_WORDS = 2u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  scales[scaleDestination] = rawWord(source);
  scales[scaleDestination + 1u] = rawWord(source + 4u);
  for (var i = 0u; i < 4u; i++) {
    data[destination + i] = rawWord(source + 8u + i * 4u);
  }
}
