// Q4_0: a block of 32 weights is w[i] = scale * (nibble[i] - 8); byte i holds weights i (low) and i + 16 (high). Planes: the
// 16 nibble bytes of a block in file order (unit: 16 bytes = 32 weights), and the f16 scales, two to a word, each row
// starting on a word. Exact: no requantisation.
// Host: worker/llm/formats/q4-0.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = array<vec4<f32>, WEIGHT_UNIT_VECTORS>;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

// Four nibbles at bit `shift` of each byte, minus 8.
fn weightNibbles(word: u32, shift: u32) -> vec4<f32> {
  let nibbles = (vec4<u32>(word) >> (vec4<u32>(0u, 8u, 16u, 24u) + vec4<u32>(shift))) & vec4<u32>(15u);
  return vec4<f32>(nibbles) - vec4<f32>(8.0);
}

fn weightScale(row: u32, block: u32, blocks: u32) -> f32 {
  let word = weightScales[row * ((blocks + 1u) / 2u) + block / 2u];
  return decodeHalf(word >> ((block & 1u) * 16u));
}

fn weightLoad(row: u32, unit: u32, blocks: u32) -> WeightUnit {
  let w = weightData[row * blocks + unit];
  let scale = weightScale(row, unit, blocks);
  return WeightUnit(
    scale * weightNibbles(w.x, 0u), scale * weightNibbles(w.y, 0u),
    scale * weightNibbles(w.z, 0u), scale * weightNibbles(w.w, 0u),
    scale * weightNibbles(w.x, 4u), scale * weightNibbles(w.y, 4u),
    scale * weightNibbles(w.z, 4u), scale * weightNibbles(w.w, 4u),
  );
}

fn weightDot(row: u32, unit: u32, blocks: u32, x: WeightUnit) -> f32 {
  let w = weightData[row * blocks + unit];
  let low = dot(weightNibbles(w.x, 0u), x[0]) + dot(weightNibbles(w.y, 0u), x[1])
    + dot(weightNibbles(w.z, 0u), x[2]) + dot(weightNibbles(w.w, 0u), x[3]);
  let high = dot(weightNibbles(w.x, 4u), x[4]) + dot(weightNibbles(w.y, 4u), x[5])
    + dot(weightNibbles(w.z, 4u), x[6]) + dot(weightNibbles(w.w, 4u), x[7]);
  return weightScale(row, unit, blocks) * (low + high);
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
