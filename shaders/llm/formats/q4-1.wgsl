// Q4_1: a block of 32 weights is w[i] = scale * nibble[i] + minimum. Planes: the 16 nibble bytes of a block in file order (byte i
// holds weights i and i + 16; unit: 16 bytes = 32 weights), and one word of (scale, minimum) in f16 per block. Exact.
// Host: worker/llm/formats/q4-1.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

fn weightCodes(row: u32, block: u32, blocks: u32) -> Block {
  let w = weightData[row * blocks + block];
  return Block(
    vec4<f32>(unpackNibbles(w.x, 0u)), vec4<f32>(unpackNibbles(w.y, 0u)),
    vec4<f32>(unpackNibbles(w.z, 0u)), vec4<f32>(unpackNibbles(w.w, 0u)),
    vec4<f32>(unpackNibbles(w.x, 4u)), vec4<f32>(unpackNibbles(w.y, 4u)),
    vec4<f32>(unpackNibbles(w.z, 4u)), vec4<f32>(unpackNibbles(w.w, 4u)),
  );
}

// (scale, minimum) of a block.
fn weightAffine(row: u32, block: u32, blocks: u32) -> vec2<f32> {
  let word = weightScales[row * blocks + block];
  return vec2<f32>(decodeHalf(word), decodeHalf(word >> 16u));
}

fn weightLoad(row: u32, unit: u32, blocks: u32) -> WeightUnit {
  let affine = weightAffine(row, unit, blocks);
  return mapBlock(weightCodes(row, unit, blocks), affine.x, affine.y);
}

fn weightDot(row: u32, unit: u32, blocks: u32, x: WeightUnit) -> f32 {
  let affine = weightAffine(row, unit, blocks);
  let codes = weightCodes(row, unit, blocks);
  return affine.x * (dotFirstHalf(codes, x) + dotSecondHalf(codes, x)) + affine.y * (sumFirstHalf(x) + sumSecondHalf(x));
}
// == repack ==
const GROUP_BYTES = 20u;
const GROUP_BLOCKS = 1u;
const BLOCK_WORDS = 4u;
const SCALE_WORDS = 1u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  scales[scaleDestination] = rawWord(source);
  for (var i = 0u; i < 4u; i++) {
    data[destination + i] = rawWord(source + 4u + i * 4u);
  }
}
