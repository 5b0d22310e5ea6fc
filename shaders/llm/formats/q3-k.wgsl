// Q3_K: superblocks of 256; sixteen weights in one are w[i] = d * (scale - 32) * (code[i] - 4), code of three bits, scale of six.
// Planes: the low two bits, 8 bytes a block of 32 (weight 16h + 4k + j at bit 8j + 2k of word h; unit: one block), and per superblock
// twelve words: d in f16, the three words of scales as in the file, then the high bits of each block, bit i of weight i. Exact, only
// reordered. Host: worker/llm/formats/q3-k.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

struct WeightRaw {
  w: vec2<u32>,
  high: u32,
  step: u32,
  // Low nibbles of four scales and those eight further on; high bits of all.
  scales: vec2<u32>,
}

// Scale i: its low nibble in byte i % 8, its high bits in byte i % 4 of the second word.
fn weightSixBits(scales: vec2<u32>, i: u32) -> i32 {
  let low = (scales.x >> (8u * (i % 4u) + 4u * (i / 8u))) & 15u;
  let high = (scales.y >> (8u * (i % 4u) + 2u * (i / 4u))) & 3u;
  return i32(low | (high << 4u)) - 32;
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  let base = (row * (blocks / 8u) + unit / 8u) * 12u;
  // Both scales of a block lie in the same word.
  let low = weightScales[base + 1u + (unit & 3u) / 2u];
  return WeightRaw(
    weightData[row * blocks + unit],
    weightScales[base + 4u + (unit & 7u)],
    weightScales[base],
    vec2<u32>(low, weightScales[base + 3u]),
  );
}

// Of the two halves of a block.
fn weightScalePair(scales: vec2<u32>, block: u32) -> vec2<i32> {
  let first = (block & 7u) * 2u;
  return vec2<i32>(weightSixBits(scales, first), weightSixBits(scales, first + 1u));
}
// == float ==
struct WeightCells {
  codes: Block,
  scale: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = Block(
    vec4<f32>(unpackCrumbs(raw.w.x, 0u) | (unpackBits(raw.high, 0u) << vec4<u32>(2u))) - 4.0,
    vec4<f32>(unpackCrumbs(raw.w.x, 1u) | (unpackBits(raw.high, 1u) << vec4<u32>(2u))) - 4.0,
    vec4<f32>(unpackCrumbs(raw.w.x, 2u) | (unpackBits(raw.high, 2u) << vec4<u32>(2u))) - 4.0,
    vec4<f32>(unpackCrumbs(raw.w.x, 3u) | (unpackBits(raw.high, 3u) << vec4<u32>(2u))) - 4.0,
    vec4<f32>(unpackCrumbs(raw.w.y, 0u) | (unpackBits(raw.high, 4u) << vec4<u32>(2u))) - 4.0,
    vec4<f32>(unpackCrumbs(raw.w.y, 1u) | (unpackBits(raw.high, 5u) << vec4<u32>(2u))) - 4.0,
    vec4<f32>(unpackCrumbs(raw.w.y, 2u) | (unpackBits(raw.high, 6u) << vec4<u32>(2u))) - 4.0,
    vec4<f32>(unpackCrumbs(raw.w.y, 3u) | (unpackBits(raw.high, 7u) << vec4<u32>(2u))) - 4.0,
  );
  return WeightCells(codes, decodeHalf(raw.step) * vec2<f32>(weightScalePair(raw.scales, unit)));
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  return mapHalves(cells.codes, cells.scale, vec2<f32>(0.0));
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  return dot(cells.scale, vec2<f32>(dotFirstHalf(cells.codes, x), dotSecondHalf(cells.codes, x)));
}
// == int8 ==
const WEIGHT_NEEDS_SUM = false;

struct WeightCells {
  // Weights as signed bytes, before their scale.
  first: vec4<u32>,
  second: vec4<u32>,
  scales: vec2<i32>,
  step: f32,
}

// Of sixteen weights.
fn weightBytes(crumbs: u32, high: u32) -> vec4<u32> {
  return signBytes(crumbBytes(crumbs) | (bitBytes(high) << vec4<u32>(2u)), 0x04040404u);
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let second = weightBytes(raw.w.y, raw.high >> 16u);
  return WeightCells(weightBytes(raw.w.x, raw.high), second, weightScalePair(raw.scales, unit), decodeHalf(raw.step));
}

fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  return cells.step * x.scale * f32(dotScaled(cells.first, cells.second, cells.scales, x));
}
// == repack ==
const GROUP_BYTES = 110u;
const GROUP_BLOCKS = 8u;
const BLOCK_WORDS = 2u;
const SCALE_WORDS = 12u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  scales[scaleDestination] = rawHalf(source + 108u);
  for (var i = 0u; i < 3u; i++) {
    scales[scaleDestination + 1u + i] = rawWord(source + 96u + i * 4u);
  }
  for (var block = 0u; block < 8u; block++) {
    scales[scaleDestination + 4u + block] = rawBits(source, block);
    for (var i = 0u; i < 2u; i++) {
      let start = source + 32u + (block / 4u) * 32u + i * 16u;
      data[destination + block * 2u + i] = rawCrumbs(start, (block & 3u) * 2u);
    }
  }
}
