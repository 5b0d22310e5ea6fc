// Q6_K: superblocks of 256; sixteen weights in one are w[i] = d * scale * (code[i] - 32), code of six bits, scale an int8. Planes: the
// low nibbles, 16 bytes a block of 32 (byte i holds weights i and i + 16; unit: one block), and per superblock 21 words: d in f16, the
// sixteen scales, then two words a block of high bits (weight 16h + 4k + j at bit 8j + 2k of word h). Exact, only reordered.
// Host: worker/llm/formats/q6-k.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

struct WeightRaw {
  w: vec4<u32>,
  high: vec2<u32>,
  // Four int8 of two blocks.
  scales: u32,
  step: u32,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  let base = (row * (blocks / 8u) + unit / 8u) * 21u;
  let high = base + 5u + (unit & 7u) * 2u;
  let scales = weightScales[base + 1u + (unit & 7u) / 2u];
  return WeightRaw(weightData[row * blocks + unit], vec2<u32>(weightScales[high], weightScales[high + 1u]), scales, weightScales[base]);
}
// == float ==
struct WeightCells {
  codes: Block,
  scale: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = Block(
    vec4<f32>(unpackNibbles(raw.w.x, 0u) | (unpackCrumbs(raw.high.x, 0u) << vec4<u32>(4u))) - 32.0,
    vec4<f32>(unpackNibbles(raw.w.y, 0u) | (unpackCrumbs(raw.high.x, 1u) << vec4<u32>(4u))) - 32.0,
    vec4<f32>(unpackNibbles(raw.w.z, 0u) | (unpackCrumbs(raw.high.x, 2u) << vec4<u32>(4u))) - 32.0,
    vec4<f32>(unpackNibbles(raw.w.w, 0u) | (unpackCrumbs(raw.high.x, 3u) << vec4<u32>(4u))) - 32.0,
    vec4<f32>(unpackNibbles(raw.w.x, 4u) | (unpackCrumbs(raw.high.y, 0u) << vec4<u32>(4u))) - 32.0,
    vec4<f32>(unpackNibbles(raw.w.y, 4u) | (unpackCrumbs(raw.high.y, 1u) << vec4<u32>(4u))) - 32.0,
    vec4<f32>(unpackNibbles(raw.w.z, 4u) | (unpackCrumbs(raw.high.y, 2u) << vec4<u32>(4u))) - 32.0,
    vec4<f32>(unpackNibbles(raw.w.w, 4u) | (unpackCrumbs(raw.high.y, 3u) << vec4<u32>(4u))) - 32.0,
  );
  let pair = raw.scales >> ((unit & 1u) * 16u);
  let scale = vec2<f32>(bitcast<vec2<i32>>(vec2<u32>(pair << 24u, pair << 16u)) >> vec2<u32>(24u));
  return WeightCells(codes, decodeHalf(raw.step & 0xffffu) * scale);
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
fn weightBytes(nibbles: vec4<u32>, high: u32) -> vec4<u32> {
  return signBytes((nibbles & vec4<u32>(0x0f0f0f0fu)) | (crumbBytes(high) << vec4<u32>(4u)), 0x20202020u);
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let pair = raw.scales >> ((unit & 1u) * 16u);
  let scales = bitcast<vec2<i32>>(vec2<u32>(pair << 24u, pair << 16u)) >> vec2<u32>(24u);
  let second = weightBytes(raw.w >> vec4<u32>(4u), raw.high.y);
  return WeightCells(weightBytes(raw.w, raw.high.x), second, scales, decodeHalf(raw.step & 0xffffu));
}

fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  return cells.step * x.scale * f32(dotScaled(cells.first, cells.second, cells.scales, x));
}
// == repack ==
const GROUP_BYTES = 210u;
const GROUP_BLOCKS = 8u;
const BLOCK_WORDS = 4u;
const SCALE_WORDS = 21u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  scales[scaleDestination] = rawHalf(source + 208u);
  for (var i = 0u; i < 4u; i++) {
    scales[scaleDestination + 1u + i] = rawWord(source + 192u + i * 4u);
  }
  for (var block = 0u; block < 8u; block++) {
    let part = block / 4u;
    let inside = block & 3u;
    for (var i = 0u; i < 4u; i++) {
      let start = source + part * 64u + (inside & 1u) * 32u + i * 4u;
      data[destination + block * 4u + i] = rawNibblePairs(start, (inside / 2u) * 4u);
    }
    for (var i = 0u; i < 2u; i++) {
      let start = source + 128u + part * 32u + i * 16u;
      scales[scaleDestination + 5u + block * 2u + i] = rawCrumbs(start, inside * 2u);
    }
  }
}
