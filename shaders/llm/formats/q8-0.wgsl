// Q8_0: a block of 32 weights is w[i] = scale * int8[i]. Planes: the int8 in file order, four to a word (unit: 16 bytes =
// 16 weights), and the f16 scales, two to a word, each row starting on a word. Exact: no requantisation.
// Host: worker/llm/formats/q8-0.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 4u;
alias WeightUnit = array<vec4<f32>, WEIGHT_UNIT_VECTORS>;

fn weightUnits(blocks: u32) -> u32 {
  return blocks * 2u;
}

struct WeightRaw {
  w: vec4<u32>,
  scales: u32,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  return WeightRaw(weightData[row * blocks * 2u + unit], weightScales[row * ((blocks + 1u) / 2u) + unit / 4u]);
}
// == float ==
struct WeightCells {
  codes: WeightUnit,
  scale: f32,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = WeightUnit(signedBytes(raw.w.x), signedBytes(raw.w.y), signedBytes(raw.w.z), signedBytes(raw.w.w));
  return WeightCells(codes, decodeHalf(raw.scales >> (((unit / 2u) & 1u) * 16u)));
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  let codes = cells.codes;
  return WeightUnit(cells.scale * codes[0], cells.scale * codes[1], cells.scale * codes[2], cells.scale * codes[3]);
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  let codes = cells.codes;
  return cells.scale * (dot(codes[0], x[0]) + dot(codes[1], x[1]) + dot(codes[2], x[2]) + dot(codes[3], x[3]));
}
// == int8 ==
const WEIGHT_NEEDS_SUM = false;

struct WeightCells {
  bytes: vec4<u32>,
  scale: f32,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  return WeightCells(raw.w, decodeHalf(raw.scales >> (((unit / 2u) & 1u) * 16u)));
}

fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  return cells.scale * x.scale * f32(dotBytes(cells.bytes, x.first));
}
// == repack ==
const GROUP_BYTES = 68u;
const GROUP_BLOCKS = 2u;
const BLOCK_WORDS = 8u;
const SCALE_WORDS = 1u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  var packed = 0u;
  for (var block = 0u; block * 32u < columns; block++) {
    let start = source + block * 34u;
    packed |= rawHalf(start) << (block * 16u);
    for (var i = 0u; i < BLOCK_WORDS; i++) {
      data[destination + block * BLOCK_WORDS + i] = rawWord(start + 2u + i * 4u);
    }
  }
  scales[scaleDestination] = packed;
}
