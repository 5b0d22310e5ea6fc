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
    lowNibbles(w.x, 0.0), lowNibbles(w.y, 0.0), lowNibbles(w.z, 0.0), lowNibbles(w.w, 0.0),
    highNibbles(w.x, 0.0), highNibbles(w.y, 0.0), highNibbles(w.z, 0.0), highNibbles(w.w, 0.0),
  );
}

// (scale, minimum) of a block.
fn weightAffine(row: u32, block: u32, blocks: u32) -> vec2<f32> {
  let word = weightScales[row * blocks + block];
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
