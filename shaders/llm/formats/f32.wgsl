// F32 rows padded with zeros to 32 columns. Unit: 16 bytes = 4 weights. Exact copy of the file's bits.
// Host: worker/llm/formats/f32.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 1u;
alias WeightUnit = array<vec4<f32>, WEIGHT_UNIT_VECTORS>;

fn weightUnits(blocks: u32) -> u32 {
  return blocks * 8u;
}

struct WeightRaw {
  w: vec4<u32>,
}

struct WeightCells {
  codes: WeightUnit,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  return WeightRaw(weightData[row * blocks * 8u + unit]);
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  return WeightCells(WeightUnit(bitcast<vec4<f32>>(raw.w)));
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  return cells.codes;
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  return dot(cells.codes[0], x[0]);
}
// == repack ==
const GROUP_BYTES = 128u;
const GROUP_BLOCKS = 1u;
const BLOCK_WORDS = 32u;
const SCALE_WORDS = 0u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  for (var i = 0u; i < 32u; i++) {
    data[destination + i] = select(0u, rawWord(source + i * 4u), i < columns);
  }
}
