// Q4_0: a block of 32 weights is w[i] = scale * (nibble[i] - 8); byte i holds weights i (low) and i + 16 (high). Planes: the
// 16 nibble bytes of a block in file order (unit: 16 bytes = 32 weights), and the f16 scales, two to a word, each row
// starting on a word. Exact: no requantisation.
// Host: worker/llm/formats/q4-0.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

struct WeightRaw {
  w: vec4<u32>,
  scales: u32,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  return WeightRaw(weightData[row * blocks + unit], weightScales[row * ((blocks + 1u) / 2u) + unit / 2u]);
}
// == float ==
struct WeightCells {
  codes: Block,
  scale: f32,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = fourBitBlock(raw.w, 8.0);
  return WeightCells(codes, decodeHalf(raw.scales >> ((unit & 1u) * 16u)));
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  return mapBlock(cells.codes, cells.scale, 0.0);
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  return cells.scale * (dotFirstHalf(cells.codes, x) + dotSecondHalf(cells.codes, x));
}
// == int8 ==
const WEIGHT_NEEDS_SUM = true;

struct WeightCells {
  nibbles: vec4<u32>,
  scale: f32,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  return WeightCells(raw.w, decodeHalf(raw.scales >> ((unit & 1u) * 16u)));
}

fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  return cells.scale * x.scale * f32(dotNibbles(cells.nibbles, x) - 8 * x.sum);
}
// == repack ==
const GROUP_BYTES = 36u;
const GROUP_BLOCKS = 2u;
const BLOCK_WORDS = 4u;
const SCALE_WORDS = 1u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  var packed = 0u;
  for (var block = 0u; block * 32u < columns; block++) {
    let start = source + block * 18u;
    packed |= rawHalf(start) << (block * 16u);
    for (var i = 0u; i < BLOCK_WORDS; i++) {
      data[destination + block * BLOCK_WORDS + i] = rawWord(start + 2u + i * 4u);
    }
  }
  scales[scaleDestination] = packed;
}
