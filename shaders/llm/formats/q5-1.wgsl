// Q5_1: a block of 32 weights is w[i] = scale * code[i] + minimum, code of five bits. Planes: the 16 bytes of low nibbles in file
// order (byte i holds weights i and i + 16; unit: 16 bytes = 32 weights), and per block two words: (scale, minimum) in f16, then
// the high bits, bit i of weight i. Exact. Host: worker/llm/formats/q5-1.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

fn weightCodes(row: u32, block: u32, blocks: u32) -> Block {
  let high = weightScales[(row * blocks + block) * 2u + 1u];
  let w = weightData[row * blocks + block];
  return Block(
    vec4<f32>(unpackNibbles(w.x, 0u) | (unpackBits(high, 0u) << vec4<u32>(4u))),
    vec4<f32>(unpackNibbles(w.y, 0u) | (unpackBits(high, 1u) << vec4<u32>(4u))),
    vec4<f32>(unpackNibbles(w.z, 0u) | (unpackBits(high, 2u) << vec4<u32>(4u))),
    vec4<f32>(unpackNibbles(w.w, 0u) | (unpackBits(high, 3u) << vec4<u32>(4u))),
    vec4<f32>(unpackNibbles(w.x, 4u) | (unpackBits(high, 4u) << vec4<u32>(4u))),
    vec4<f32>(unpackNibbles(w.y, 4u) | (unpackBits(high, 5u) << vec4<u32>(4u))),
    vec4<f32>(unpackNibbles(w.z, 4u) | (unpackBits(high, 6u) << vec4<u32>(4u))),
    vec4<f32>(unpackNibbles(w.w, 4u) | (unpackBits(high, 7u) << vec4<u32>(4u))),
  );
}

// (scale, minimum) of a block.
fn weightAffine(row: u32, block: u32, blocks: u32) -> vec2<f32> {
  let word = weightScales[(row * blocks + block) * 2u];
  return vec2<f32>(decodeHalf(word), decodeHalf(word >> 16u));
}

struct WeightCells {
  codes: Block,
  affine: vec2<f32>,
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightCells {
  return WeightCells(weightCodes(row, unit, blocks), weightAffine(row, unit, blocks));
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  return mapBlock(cells.codes, cells.affine.x, cells.affine.y);
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  let product = dotFirstHalf(cells.codes, x) + dotSecondHalf(cells.codes, x);
  return cells.affine.x * product + cells.affine.y * (sumFirstHalf(x) + sumSecondHalf(x));
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
