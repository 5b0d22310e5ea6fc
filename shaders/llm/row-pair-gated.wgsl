// A row of the gate and the same row of up: y = activation(gate) * up, the front half of a gated layer. Both formats have units of the
// same length. Part of matrix-vector.wgsl and matrix-columns.wgsl. Host: worker/llm/kernels/matrix-vector.ts
const UNIT_VECTORS = GATE_UNIT_VECTORS;

struct PairRaw {
  first: GateRaw,
  second: UpRaw,
}

struct PairCells {
  first: GateCells,
  second: UpCells,
}

fn unitCount(blocks: u32) -> u32 {
  return gateUnits(blocks);
}

fn pairCount(rows: u32) -> u32 {
  return rows;
}

fn fetchPair(pair: u32, unit: u32) -> PairRaw {
  return PairRaw(gateFetch(pair, unit, shape.blocks), upFetch(pair, unit, shape.blocks));
}

fn decodePair(raw: PairRaw, unit: u32) -> PairCells {
  return PairCells(gateDecode(raw.first, unit), upDecode(raw.second, unit));
}

fn dotPair(cells: PairCells, values: Unit) -> vec2<f32> {
  return vec2<f32>(gateDot(cells.first, values), upDot(cells.second, values));
}

fn storePair(token: u32, pair: u32, result: vec2<f32>) {
  y[token * shape.outputStride + shape.outputOffset + pair] = activate(result.x, shape.activation) * result.y;
}
