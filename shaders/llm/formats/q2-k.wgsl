// Q2_K: superblocks of 256; sixteen weights in one are w[i] = d * scale * code[i] - dmin * minimum, code of two bits, scale and
// minimum of four. Planes: the codes, 8 bytes a block of 32 (weight 16h + 4k + j at bit 8j + 2k of word h; unit: one block), and per
// superblock five words: (d, dmin) in f16, then sixteen bytes of scale (low) and minimum. Exact, only reordered.
// Host: worker/llm/formats/q2-k.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

struct WeightRaw {
  w: vec2<u32>,
  steps: u32,
  // Scales and minima of two blocks.
  pairs: u32,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  let base = (row * (blocks / 8u) + unit / 8u) * 5u;
  return WeightRaw(weightData[row * blocks + unit], weightScales[base], weightScales[base + 1u + (unit & 7u) / 2u]);
}

// (scale, scale, minimum, minimum) of the two halves of a block, before the two f16 of the superblock.
fn weightHalves(pairs: u32, block: u32) -> vec4<u32> {
  return (vec4<u32>(pairs >> ((block & 1u) * 16u)) >> vec4<u32>(0u, 8u, 4u, 12u)) & vec4<u32>(15u);
}
// == float ==
struct WeightCells {
  codes: Block,
  // (scale, scale, -minimum, -minimum) of the two halves.
  halves: vec4<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = Block(
    vec4<f32>(unpackCrumbs(raw.w.x, 0u)),
    vec4<f32>(unpackCrumbs(raw.w.x, 1u)),
    vec4<f32>(unpackCrumbs(raw.w.x, 2u)),
    vec4<f32>(unpackCrumbs(raw.w.x, 3u)),
    vec4<f32>(unpackCrumbs(raw.w.y, 0u)),
    vec4<f32>(unpackCrumbs(raw.w.y, 1u)),
    vec4<f32>(unpackCrumbs(raw.w.y, 2u)),
    vec4<f32>(unpackCrumbs(raw.w.y, 3u)),
  );
  let halves = vec4<f32>(weightHalves(raw.pairs, unit));
  let steps = vec4<f32>(vec2<f32>(decodeHalf(raw.steps)), vec2<f32>(-decodeHalf(raw.steps >> 16u)));
  return WeightCells(codes, halves * steps);
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  return mapHalves(cells.codes, cells.halves.xy, cells.halves.zw);
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  let products = vec2<f32>(dotFirstHalf(cells.codes, x), dotSecondHalf(cells.codes, x));
  return dot(cells.halves, vec4<f32>(products, sumFirstHalf(x), sumSecondHalf(x)));
}
// == int8 ==
const WEIGHT_NEEDS_SUM = false;

struct WeightCells {
  // Codes 0 to 15, and 16 to 31.
  first: vec4<u32>,
  second: vec4<u32>,
  halves: vec4<i32>,
  steps: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let steps = vec2<f32>(decodeHalf(raw.steps), -decodeHalf(raw.steps >> 16u));
  return WeightCells(crumbBytes(raw.w.x), crumbBytes(raw.w.y), vec4<i32>(weightHalves(raw.pairs, unit)), steps);
}

// A minimum is of half a block, so sums of halves are taken here, the same for both rows of a pair.
fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  let ones = vec4<u32>(0x01010101u);
  let product = dotScaled(cells.first, cells.second, cells.halves.xy, x);
  let minimum = dotScaled(ones, ones, cells.halves.zw, x);
  return x.scale * (cells.steps.x * f32(product) + cells.steps.y * f32(minimum));
}
// == repack ==
const GROUP_BYTES = 84u;
const GROUP_BLOCKS = 8u;
const BLOCK_WORDS = 2u;
const SCALE_WORDS = 5u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  scales[scaleDestination] = rawWord(source + 80u);
  for (var i = 0u; i < 4u; i++) {
    scales[scaleDestination + 1u + i] = rawWord(source + i * 4u);
  }
  for (var block = 0u; block < 8u; block++) {
    for (var i = 0u; i < 2u; i++) {
      let start = source + 16u + (block / 4u) * 32u + i * 16u;
      data[destination + block * 2u + i] = rawCrumbs(start, (block & 3u) * 2u);
    }
  }
}
