// F16 rows padded with zeros to 32 columns, two to a word. Unit: 16 bytes = 8 weights. Exact copy of the file's bits; decoded
// with unpack2x16float, so no f16 feature is needed. Weights below 6.1e-5 (f16 subnormals) may read as 0 on some adapters.
// Host: worker/llm/formats/f16.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 2u;
alias WeightUnit = array<vec4<f32>, WEIGHT_UNIT_VECTORS>;

fn weightUnits(blocks: u32) -> u32 {
  return blocks * 4u;
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
  let first = vec4<f32>(unpack2x16float(raw.w.x), unpack2x16float(raw.w.y));
  let second = vec4<f32>(unpack2x16float(raw.w.z), unpack2x16float(raw.w.w));
  return WeightCells(WeightUnit(first, second));
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
