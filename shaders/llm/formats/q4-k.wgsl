// Q4_K: superblocks of 256; a block of 32 weights in one is w[i] = d * scale * nibble[i] - dmin * minimum, scale and minimum of six
// bits. Planes: the nibbles, 16 bytes a block (byte i holds weights i and i + 16; unit: one block), and per superblock four words:
// (d, dmin) in f16, low nibbles of the eight scales, of the eight minima, their high bits (scales below). Exact, only reordered.
// Host: worker/llm/formats/q4-k.ts
// == compute ==
const WEIGHT_UNIT_VECTORS = 8u;
alias WeightUnit = Block;

fn weightUnits(blocks: u32) -> u32 {
  return blocks;
}

struct WeightRaw {
  w: vec4<u32>,
  words: vec4<u32>,
}

// (scale, -minimum) of a block: six-bit codes in three words, times the two f16 of the superblock.
fn weightAffine(words: vec4<u32>, block: u32) -> vec2<f32> {
  let inside = block & 7u;
  let scale = ((words.y >> (4u * inside)) & 15u) | (((words.w >> (2u * inside)) & 3u) << 4u);
  let minimum = ((words.z >> (4u * inside)) & 15u) | (((words.w >> (16u + 2u * inside)) & 3u) << 4u);
  return vec2<f32>(decodeHalf(words.x) * f32(scale), -decodeHalf(words.x >> 16u) * f32(minimum));
}

fn weightFetch(row: u32, unit: u32, blocks: u32) -> WeightRaw {
  let base = (row * (blocks / 8u) + unit / 8u) * 4u;
  let words = vec4<u32>(weightScales[base], weightScales[base + 1u], weightScales[base + 2u], weightScales[base + 3u]);
  return WeightRaw(weightData[row * blocks + unit], words);
}
// == float ==
struct WeightCells {
  codes: Block,
  affine: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  let codes = fourBitBlock(raw.w, 0.0);
  return WeightCells(codes, weightAffine(raw.words, unit));
}

fn weightValues(cells: WeightCells) -> WeightUnit {
  return mapBlock(cells.codes, cells.affine.x, cells.affine.y);
}

fn weightDot(cells: WeightCells, x: WeightUnit) -> f32 {
  let product = dotFirstHalf(cells.codes, x) + dotSecondHalf(cells.codes, x);
  return cells.affine.x * product + cells.affine.y * (sumFirstHalf(x) + sumSecondHalf(x));
}
// == int8 ==
const WEIGHT_NEEDS_SUM = true;

struct WeightCells {
  nibbles: vec4<u32>,
  affine: vec2<f32>,
}

fn weightDecode(raw: WeightRaw, unit: u32) -> WeightCells {
  return WeightCells(raw.w, weightAffine(raw.words, unit));
}

fn weightDot(cells: WeightCells, x: Unit) -> f32 {
  return dotAffine(cells.affine, dotNibbles(cells.nibbles, x), x);
}
// == repack ==
const GROUP_BYTES = 144u;
const GROUP_BLOCKS = 8u;
const BLOCK_WORDS = 4u;
const SCALE_WORDS = 4u;

fn repackGroup(source: u32, destination: u32, scaleDestination: u32, columns: u32) {
  scales[scaleDestination] = rawWord(source);
  repackSixBits(source + 4u, scaleDestination + 1u);
  for (var block = 0u; block < 8u; block++) {
    for (var i = 0u; i < 4u; i++) {
      data[destination + block * 4u + i] = rawNibblePairs(source + 16u + (block / 2u) * 32u + i * 4u, (block & 1u) * 4u);
    }
  }
}

// The twelve bytes of six-bit scales and minima as words of low nibbles (scales, minima) and of high bits.
fn repackSixBits(source: u32, destination: u32) {
  let q0 = rawWord(source);
  let q1 = rawWord(source + 4u);
  let q2 = rawWord(source + 8u);
  var scale = 0u;
  var minimum = 0u;
  var high = 0u;
  for (var i = 0u; i < 4u; i++) {
    let shift = 8u * i;
    let a = (q0 >> shift) & 255u;
    let b = (q1 >> shift) & 255u;
    let c = (q2 >> shift) & 255u;
    scale |= ((a & 15u) << (4u * i)) | ((c & 15u) << (4u * i + 16u));
    minimum |= ((b & 15u) << (4u * i)) | ((c >> 4u) << (4u * i + 16u));
    high |= (((a >> 4u) & 3u) << (2u * i)) | ((a >> 6u) << (2u * i + 8u));
    high |= (((b >> 4u) & 3u) << (2u * i + 16u)) | ((b >> 6u) << (2u * i + 24u));
  }
  scales[destination] = scale;
  scales[destination + 1u] = minimum;
  scales[destination + 2u] = high;
}
