// result = sum_k W[r][k] * X[t][k], times a factor of the token, on the adapter's matrix units: f16 operands, f32 sums. What becomes of
// a result is in matrix-result.wgsl. Many tokens (prefill), where the units were found to compute right numbers on this device; else
// matrix-matrix.wgsl. A workgroup makes a tile of TILE_ROWS x TILE_TOKENS; its subgroups share it as a grid, and each holds
// SUBGROUP_ROWS x SUBGROUP_TOKENS fragments in registers. Weights are dequantised once per tile into workgroup memory; while the units
// take 32 columns, the next 32 are fetched into the other half of it. Rows of a tile are 40 halves apart, so that eight of them meet
// no bank twice. X: halves and factors of half-input.wgsl. group.z is the part of the columns: a matrix that is cut into parts leaves its raw
// sums in y as [part][chunk][rows] for matrix-parts.wgsl. Products are exact; tolerance against float64: NMSE 1e-6, from rounding both operands to
// eleven bits. The order of the sum depends on the matrix alone, never on the batch. Weights beyond 65504 become that.
// Operations: matrix-units.wgsl; the tests have a twin of it in plain code. The host writes the constants and the lines at //@ in
// front and in place: a register cannot be indexed. Host: worker/llm/kernels/matrix-matrix-subgroup.ts
@group(0) @binding(1) var<storage, read> halves: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> factors: array<f32>;

var<workgroup> weightTile: array<TileElement, 2u * TILE_ROWS * TILE_STRIDE>;
var<workgroup> inputTile: array<TileElement, 2u * TILE_TOKENS * TILE_STRIDE>;
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
  let ownRow = gridRow(subgroup);
  let ownToken = gridToken(subgroup);
  let firstBlock = group.z * shape.partBlocks;
  let endBlock = min(firstBlock + shape.partBlocks, shape.blocks);
  //@ declare

  {
    let block = firstBlock;
    let half = 0u;
    //@ fetch
    //@ put
  }
  workgroupBarrier();
  for (var next = firstBlock + 1u; next <= endBlock; next++) {
    let half = (next - firstBlock) & 1u;
    // The last time round this fetches what nobody reads, so that there is no branch.
    let block = min(next, endBlock - 1u);
    //@ fetch
    let weightPlace = ((1u - half) * TILE_ROWS + ownRow) * TILE_STRIDE;
    let inputPlace = ((1u - half) * TILE_TOKENS + ownToken) * TILE_STRIDE;
    //@ multiply
    //@ put
    workgroupBarrier();
  }

  // Which invocation is in which subgroup is the driver's affair; who writes a fragment is not.
  let slot = subgroup * RESULT_VECTORS;
  let writer = index / SUBGROUP_SIZE;
  let writtenRow = rowBase + gridRow(writer);
  let writtenToken = tokenBase + gridToken(writer);
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

fn gridRow(subgroup: u32) -> u32 {
  return (subgroup / GRID_TOKENS) * SUBGROUP_ROWS * FRAGMENT_ROWS;
}

fn gridToken(subgroup: u32) -> u32 {
  return (subgroup % GRID_TOKENS) * SUBGROUP_TOKENS * FRAGMENT_TOKENS;
}

// Eight columns of a token; past the last token it is whatever lies there, computed and dropped.
fn fetchInput(i: u32, tokenBase: u32, block: u32) -> vec4<u32> {
  return halves[((tokenBase + i / 4u) * shape.blocks + block) * 4u + i % 4u];
}

// A unit of a row, or two where a unit is four columns; rows past the end repeat the last.
fn fetchWeights(i: u32, rowBase: u32, block: u32) -> array<vec4<u32>, LOAD_OCTETS> {
  return loadOctets(min(rowBase + i % TILE_ROWS, shape.rows - 1u), block, i / TILE_ROWS);
}

fn putInputs(i: u32, half: u32, bits: vec4<u32>) {
  putInput((half * TILE_TOKENS + i / 4u) * 5u + i % 4u, bits);
}

fn putWeights(i: u32, half: u32, octets: array<vec4<u32>, LOAD_OCTETS>) {
  let place = (half * TILE_ROWS + i % TILE_ROWS) * 5u + (i / TILE_ROWS) * LOAD_OCTETS;
  for (var j = 0u; j < LOAD_OCTETS; j++) {
    putWeight(place + j, octets[j]);
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
