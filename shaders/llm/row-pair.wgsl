// Two neighbouring rows of one matrix, and the place of their results: written (bent by a soft cap c to c tanh(result / c)), added to
// what is there (a residual), or times the activation of what is there (the up half of a gated layer, over the gate half). Part of matrix-vector.wgsl and matrix-columns.wgsl. Host: worker/llm/kernels/matrix-vector.ts
const UNIT_VECTORS = WEIGHT_UNIT_VECTORS;

struct PairRaw {
  first: WeightRaw,
  second: WeightRaw,
}

struct PairCells {
  first: WeightCells,
  second: WeightCells,
}

fn unitCount(blocks: u32) -> u32 {
  return weightUnits(blocks);
}

fn pairCount(rows: u32) -> u32 {
  return (rows + 1u) / 2u;
}

fn fetchPair(pair: u32, unit: u32) -> PairRaw {
  let row = pair * 2u;
  let next = min(row + 1u, shape.rows - 1u);
  return PairRaw(weightFetch(row, unit, shape.blocks), weightFetch(next, unit, shape.blocks));
}

fn decodePair(raw: PairRaw, unit: u32) -> PairCells {
  return PairCells(weightDecode(raw.first, unit), weightDecode(raw.second, unit));
}

fn dotPair(cells: PairCells, values: Unit) -> vec2<f32> {
  return vec2<f32>(weightDot(cells.first, values), weightDot(cells.second, values));
}

fn storePair(token: u32, pair: u32, result: vec2<f32>) {
  let place = token * shape.outputStride + shape.outputOffset + pair * 2u;
  storeRow(place, result.x);
  if (pair * 2u + 1u < shape.rows) {
    storeRow(place + 1u, result.y);
  }
}

fn storeRow(place: u32, result: f32) {
  if (shape.combine == 0u) {
    y[place] = softCap(result, shape.softCap);
  } else {
    let before = y[place];
    y[place] = select(activate(before, shape.activation) * result, before + result, shape.combine == 1u);
  }
}
