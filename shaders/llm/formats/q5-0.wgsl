// Q5_0: a block of 32 weights is w[i] = scale * (code[i] - 16), code of five bits. Planes: the 16 bytes of low nibbles in file order
// (byte i holds weights i and i + 16; unit: 16 bytes = 32 weights), and per two blocks three words: their scales in f16, then the
// high bits of each, bit i of weight i. Exact. Host: worker/llm/formats/q5-0.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

struct WeightRaw {
  w: vec4<u32>,
  scales: u32,
  high: u32,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  let base = (row * ((blocks + 1u) / 2u) + unit / 2u) * 3u;
  return WeightRaw(weightData[row * blocks + unit], weightScales[base], weightScales[base + 1u + (unit & 1u)]);
}
// == float ==
struct WeightCells {
  codes: Block,
  affine: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = fiveBitBlock(raw.w, raw.high);
  let scale = decodeHalf(raw.scales >> ((unit & 1u) * 16u));
  return WeightCells(codes, vec2<f32>(scale, -16.0 * scale));
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
  scale: f32,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let second = fiveBitBytes(raw.w >> vec4<u32>(4u), raw.high >> 16u);
  return WeightCells(fiveBitBytes(raw.w, raw.high), second, decodeHalf(raw.scales >> ((unit & 1u) * 16u)));
}

fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  return cells.scale * x.scale * f32(dotHalves(cells.first, cells.second, x) - 16 * x.sum);
}
// == repack ==
const GROUP_BYTES = 44u;
const GROUP_BLOCKS = 2u;
const BLOCK_WORDS = 4u;
const SCALE_WORDS = 3u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  var packed = 0u;
  for (var block = 0u; block * 32u < columns; block++) {
    let start = source + block * 22u;
    packed |= rawHalf(start) << (block * 16u);
    scales[scaleDestination + 1u + block] = rawWord(start + 2u);
    for (var i = 0u; i < 4u; i++) {
      data[destination + block * 4u + i] = rawWord(start + 6u + i * 4u);
    }
  }
  scales[scaleDestination] = packed;
}
