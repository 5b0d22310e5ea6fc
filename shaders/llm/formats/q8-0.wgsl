// Q8_0: a block of 32 weights is w[i] = scale * int8[i]. Planes: the int8 in file order, four to a word (unit: 16 bytes =
// 16 weights), and the f16 scales, two to a word, each row starting on a word. Exact: no requantisation.
// Host: worker/llm/formats/q8-0.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 4u;
alias WeightUnit = array<vec4<f32>, WEIGHT_UNIT_VECTORS>;

fn weightUnits(blocks: u32) -> u32 {
  return blocks * 2u;
}

fn weightBytes(word: u32) -> vec4<f32> {
  let shifted = vec4<u32>(word) << vec4<u32>(24u, 16u, 8u, 0u);
  return vec4<f32>(bitcast<vec4<i32>>(shifted) >> vec4<u32>(24u));
}

fn weightScale(row: u32, block: u32, blocks: u32) -> f32 {
  let word = weightScales[row * ((blocks + 1u) / 2u) + block / 2u];
  return decodeHalf(word >> ((block & 1u) * 16u));
}

fn weightLoad(row: u32, unit: u32, blocks: u32) -> WeightUnit {
  let w = weightData[row * blocks * 2u + unit];
  let scale = weightScale(row, unit / 2u, blocks);
  return WeightUnit(
    scale * weightBytes(w.x), scale * weightBytes(w.y), scale * weightBytes(w.z), scale * weightBytes(w.w),
  );
}

fn weightDot(row: u32, unit: u32, blocks: u32, x: WeightUnit) -> f32 {
  let w = weightData[row * blocks * 2u + unit];
  let sum = dot(weightBytes(w.x), x[0]) + dot(weightBytes(w.y), x[1])
    + dot(weightBytes(w.z), x[2]) + dot(weightBytes(w.w), x[3]);
  return weightScale(row, unit / 2u, blocks) * sum;
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
