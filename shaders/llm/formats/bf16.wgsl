// BF16 rows padded with zeros to 32 columns, two to a word: the upper halves of float32. Unit: 16 bytes = 8 weights. Exact.
// Host: worker/llm/formats/bf16.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 2u;
alias WeightUnit = array<vec4<f32>, WEIGHT_UNIT_VECTORS>;

fn weightUnits(blocks: u32) -> u32 {
  return blocks * 4u;
}

fn weightPairs(first: u32, second: u32) -> vec4<f32> {
  return bitcast<vec4<f32>>(vec4<u32>(first << 16u, first & 0xffff0000u, second << 16u, second & 0xffff0000u));
}

struct WeightRaw {
  w: vec4<u32>,
}

struct WeightCells {
  codes: WeightUnit,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  return WeightRaw(weightData[row * blocks * 4u + unit]);
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  return WeightCells(WeightUnit(weightPairs(raw.w.x, raw.w.y), weightPairs(raw.w.z, raw.w.w)));
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  return cells.codes;
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  return dot(cells.codes[0], x[0]) + dot(cells.codes[1], x[1]);
}
// == repack ==
const GROUP_BYTES = 64u;
const GROUP_BLOCKS = 1u;
const BLOCK_WORDS = 16u;
const SCALE_WORDS = 0u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  for (var i = 0u; i < 16u; i++) {
    var word = select(0u, rawWord(source + i * 4u), i * 2u < columns);
    if (i * 2u + 1u == columns) {
      word &= 0xffffu;
    }
    data[destination + i] = word;
  }
}
