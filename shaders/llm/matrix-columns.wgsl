// What matrix-vector.wgsl does, for up to eight tokens at a time: a batch of requests, or a guess that is being checked. Weights are read and
// decoded once for all eight; a workgroup of z takes tokens 8z to 8z + 7 of the batch. Same pairs of rows, same order of every sum
// as for one token alone, so the bytes are the same: a tile is 512 columns of eight tokens, staged by stage-few-float.wgsl or
// stage-few-int8.wgsl. Where a unit is 32 columns and MOST_LANES 32, its 16 units are half of the partial sums, so that even tiles are
// summed before odd ones and the two halves are added, as the tree would.
// f32 accumulation; tolerance against float64, of x as it is staged: NMSE 1e-10. Host: worker/llm/kernels/matrix-vector.ts (2 to 16
// tokens; no features needed).
const COLUMNS = 8u;
const TILE_VECTORS = 128u;
const TILE_UNITS = TILE_VECTORS / UNIT_VECTORS;
// PADDING, by the host: 1, so that the vectors of one unit lie in different banks; 0 where workgroup memory is 16 KiB, which it fills.
const STRIDE = TILE_UNITS + PADDING;
// Rounds over the tiles: 2 where a tile holds but half of the partial sums.
const ROUNDS = select(1u, 2u, TILE_UNITS < MOST_LANES);

// Tokens of this batch.
@group(0) @binding(8) var<uniform> batch: vec4<u32>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let lanes = min(shape.lanes, TILE_UNITS);
  let lane = index & (lanes - 1u);
  let firstToken = group.z * COLUMNS;
  let tokens = min(COLUMNS, batch.x - min(batch.x, firstToken));
  if (tokens == 0u) {
    return;
  }
  // Pairs past the end repeat the last one and are not stored.
  let pair = (group.x + group.y * groups.x) * (WORKGROUP / lanes) + index / lanes;
  let read = min(pair, pairCount(shape.rows) - 1u);
  let units = unitCount(shape.blocks);
  let tiles = (units + TILE_UNITS - 1u) / TILE_UNITS;
  // Of even and of odd tiles: vectors 0 to 127 and 128 to 255 modulo 256.
  var evenSquares = vec4<f32>(0.0);
  var oddSquares = vec4<f32>(0.0);
  var total0 = vec2<f32>(0.0);
  var total1 = vec2<f32>(0.0);
  var total2 = vec2<f32>(0.0);
  var total3 = vec2<f32>(0.0);
  var total4 = vec2<f32>(0.0);
  var total5 = vec2<f32>(0.0);
  var total6 = vec2<f32>(0.0);
  var total7 = vec2<f32>(0.0);
  for (var round0 = 0u; round0 < ROUNDS; round0++) {
    var sum0 = vec2<f32>(0.0);
    var sum1 = vec2<f32>(0.0);
    var sum2 = vec2<f32>(0.0);
    var sum3 = vec2<f32>(0.0);
    var sum4 = vec2<f32>(0.0);
    var sum5 = vec2<f32>(0.0);
    var sum6 = vec2<f32>(0.0);
    var sum7 = vec2<f32>(0.0);
    for (var tile = round0; tile < tiles; tile += ROUNDS) {
      workgroupBarrier();
      let squares = stage(tile, firstToken, tokens, index);
      if ((tile & 1u) == 0u) {
        evenSquares += squares;
      } else {
        oddSquares += squares;
      }
      workgroupBarrier();
      let first = tile * TILE_UNITS;
      let end = min(TILE_UNITS, units - first);
      for (var unit = lane; unit < end; unit += lanes) {
        let cells = decodePair(fetchPair(read, first + unit), first + unit);
        sum0 += dotPair(cells, stagedUnit(0u, unit));
        sum1 += dotPair(cells, stagedUnit(1u, unit));
        if (tokens > 2u) {
          sum2 += dotPair(cells, stagedUnit(2u, unit));
          sum3 += dotPair(cells, stagedUnit(3u, unit));
        }
        if (tokens > 4u) {
          sum4 += dotPair(cells, stagedUnit(4u, unit));
          sum5 += dotPair(cells, stagedUnit(5u, unit));
          sum6 += dotPair(cells, stagedUnit(6u, unit));
          sum7 += dotPair(cells, stagedUnit(7u, unit));
        }
      }
    }
    total0 += sum0;
    total1 += sum1;
    total2 += sum2;
    total3 += sum3;
    total4 += sum4;
    total5 += sum5;
    total6 += sum6;
    total7 += sum7;
  }

  // Tokens 0, 2, 4, 6 end up in vector 0, tokens 1, 3, 5, 7 in vector 128.
  var evenTokens = vec4<f32>(0.0);
  var oddTokens = vec4<f32>(0.0);
  if (shape.normalise != 0u) {
    workgroupBarrier();
    staged[index] = evenSquares + oddSquares;
    for (var half = TILE_VECTORS / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if ((index & (TILE_VECTORS - 1u)) < half) {
        staged[index] += staged[index + half];
      }
    }
    workgroupBarrier();
    evenTokens = staged[0];
    oddTokens = staged[TILE_VECTORS];
  }
  workgroupBarrier();
  staged[index] = vec4<f32>(total0, total1);
  staged[WORKGROUP + index] = vec4<f32>(total2, total3);
  staged[2u * WORKGROUP + index] = vec4<f32>(total4, total5);
  staged[3u * WORKGROUP + index] = vec4<f32>(total6, total7);
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      staged[index] += staged[index + half];
      staged[WORKGROUP + index] += staged[WORKGROUP + index + half];
      staged[2u * WORKGROUP + index] += staged[2u * WORKGROUP + index + half];
      staged[3u * WORKGROUP + index] += staged[3u * WORKGROUP + index + half];
    }
  }
  if (lane == 0u && pair < pairCount(shape.rows)) {
    for (var token = 0u; token < tokens; token++) {
      let sums = staged[(token / 2u) * WORKGROUP + index];
      var result = select(sums.xy, sums.zw, (token & 1u) == 1u);
      if (shape.normalise != 0u) {
        let squares = select(evenTokens[token / 2u], oddTokens[token / 2u], (token & 1u) == 1u);
        result *= inverseSqrt(squares / f32(shape.columns) + shape.epsilon);
      }
      storePair(firstToken + token, pair, result);
    }
  }
}
