// result = sum_k W[r][k] * X[t][k], times a factor of the token, on the adapter's matrix units: f16 operands, f32 sums. What becomes of
// a result is in matrix-result.wgsl. Many tokens (prefill), where the units were found to compute right numbers on this device; else
// matrix-matrix.wgsl. A workgroup makes a tile of TILE_ROWS x TILE_TOKENS; its subgroups share it as a grid, and each holds
// SUBGROUP_ROWS x SUBGROUP_TOKENS fragments in registers. While the units take 32 columns from one half of
// the workgroup memory, the next 32 are on their way as they lie in memory (with AHEAD 2, the 32 after them too); they are decoded into the
// other half behind the products, so that nothing waits for memory in front of them. Rows of a tile are 40 halves apart, so that eight of them meet
// no bank twice. X: halves and factors of half-input.wgsl. group.z is the part of the columns: a matrix that is cut into parts leaves its raw
// sums in y as [part][chunk][rows] for matrix-parts.wgsl. Products are exact; tolerance against float64: NMSE 1e-6, from rounding both operands to
// eleven bits. The order of the sum depends on the matrix alone, never on the batch. Weights beyond 65504 become that.
// Operations: matrix-units.wgsl; the tests have a twin of it in plain code. The host writes the constants and the lines at //@ in
// front and in place: a register cannot be indexed. Host: worker/llm/kernels/matrix-matrix-subgroup.ts
@group(0) @binding(1) var<storage, read> halves: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;

// [half of the time][grid row or token of subgroups], each with the rows or tokens of one of them, so that a fragment's place in it is a
// constant: what the compiler can prove to be inside needs no branch.
var<workgroup> weightTile: array<array<TileElement, STRIP_ROWS * TILE_STRIDE>, 2u * GRID_ROWS>;
var<workgroup> inputTile: array<array<TileElement, STRIP_TOKENS * TILE_STRIDE>, 2u * GRID_TOKENS>;
// A fragment per subgroup: [token][row / 4].
var<workgroup> resultTile: array<vec4<u32>, SUBGROUPS * RESULT_VECTORS>;

fn toHalves(low: vec4<f32>, high: vec4<f32>) -> vec4<u32> {
  let bound = vec4<f32>(65504.0);
  let a = clamp(low, -bound, bound);
  let b = clamp(high, -bound, bound);
  return vec4<u32>(pack2x16float(a.xy), pack2x16float(a.zw), pack2x16float(b.xy), pack2x16float(b.zw));
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
  //@ parameter
) {
  let rowBase = group.x * TILE_ROWS;
  let tokenBase = group.y * TILE_TOKENS;
  //@ subgroup
  let stripRow = subgroup / GRID_TOKENS;
  let stripToken = subgroup % GRID_TOKENS;
  let firstBlock = group.z * shape.partBlocks;
  let endBlock = min(firstBlock + shape.partBlocks, shape.blocks);
  //@ declare

  //@ begin
  workgroupBarrier();
  for (var next = firstBlock + 1u; next <= endBlock; next += 2u) {
    //@ odd
    workgroupBarrier();
    if (next < endBlock) {
      //@ even
      workgroupBarrier();
    }
  }

  // Which invocation is in which subgroup is the driver's affair; who writes a fragment is not.
  let slot = subgroup * RESULT_VECTORS;
  let writer = index / SUBGROUP_SIZE;
  let writtenRow = rowBase + (writer / GRID_TOKENS) * STRIP_ROWS;
  let writtenToken = tokenBase + (writer % GRID_TOKENS) * STRIP_TOKENS;
  for (var fragment = 0u; fragment < SUBGROUP_ROWS * SUBGROUP_TOKENS; fragment++) {
    switch fragment {
      //@ store
      default: {
      }
    }
    workgroupBarrier();
    let fragmentRow = (fragment / SUBGROUP_TOKENS) * FRAGMENT_ROWS;
    let fragmentToken = (fragment % SUBGROUP_TOKENS) * FRAGMENT_TOKENS;
    writeFragment(index, group.z, writtenRow + fragmentRow, writtenToken + fragmentToken);
    workgroupBarrier();
  }
}

// Eight columns of a token; past the last token it is whatever lies there, computed and dropped.
fn fetchInput(i: u32, tokenBase: u32, block: u32) -> vec4<u32> {
  return halves[((tokenBase + i / 4u) * shape.blocks + block) * 4u + i % 4u];
}

// What decodes to eight columns or more; rows past the end repeat the last.
fn fetchWeights(i: u32, rowBase: u32, block: u32) -> FetchedWeights {
  return fetchOctets(min(rowBase + i / LOADS_PER_ROW, shape.rows - 1u), block, i % LOADS_PER_ROW);
}

fn putInputs(i: u32, half: u32, bits: vec4<u32>) {
  let token = i / 4u;
  putInput(half * GRID_TOKENS + token / STRIP_TOKENS, (token % STRIP_TOKENS) * 5u + i % 4u, bits);
}

fn putWeights(i: u32, half: u32, block: u32, fetched: FetchedWeights) {
  let row = i / LOADS_PER_ROW;
  let part = i % LOADS_PER_ROW;
  let octets = decodeOctets(fetched, block, part);
  let place = (row % STRIP_ROWS) * 5u + part * LOAD_OCTETS;
  for (var j = 0u; j < LOAD_OCTETS; j++) {
    putWeight(half * GRID_ROWS + row / STRIP_ROWS, place + j, octets[j]);
  }
}

// A fragment from workgroup memory to y.
fn writeFragment(index: u32, part: u32, rowBase: u32, tokenBase: u32) {
  let base = (index / SUBGROUP_SIZE) * RESULT_VECTORS;
  for (var i = index % SUBGROUP_SIZE; i < RESULT_VECTORS; i += SUBGROUP_SIZE) {
    let token = tokenBase + i / (FRAGMENT_ROWS / 4u);
    let row = rowBase + (i % (FRAGMENT_ROWS / 4u)) * 4u;
    if (token < batch.x) {
      writeSums(part, row, token, bitcast<vec4<f32>>(resultTile[base + i]));
    }
  }
}

fn writeSums(part: u32, row: u32, token: u32, sums: vec4<f32>) {
  if (shape.parts == 1u) {
    writeResults(row, token, sums * factors[token]);
    return;
  }
  let base = part * shape.partStride + token * shape.rows + row;
  for (var i = 0u; i < 4u; i++) {
    if (row + i < shape.rows) {
      y[base + i] = sums[i];
    }
  }
}
