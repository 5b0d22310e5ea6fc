// y[t][offset + r] (+)= sum_k W[r][k] * x[t][k] for one token (decode), two rows by `lanes` invocations; with `normalise` after RMSNorm of
// x: the gain is multiplied in while x is staged, the sum of squares taken on the way, its root divided out at the end. What a pair of
// rows is, and what becomes of its two sums, is told by row-pair.wgsl (neighbours of one matrix) or row-pair-gated.wgsl (a row of gate and
// one of up); matrix-stage.wgsl has the bindings.
//
// x passes through workgroup memory in tiles of TILE_UNITS units, vector i of all units side by side, so that neighbouring lanes read
// neighbouring vectors: straight from x, lanes would be a whole unit apart. It is staged as it is (stage-one-float.wgsl) or rounded to
// eight bits (stage-one-int8.wgsl). A workgroup makes `passes` lots of rows from one tile where all of x fits in it.
// Weights: 16 bytes a lane and load, a row's units side by side.
//
// The order of every sum is fixed, whatever `lanes` and tiles are: MOST_LANES partial sums by unit modulo MOST_LANES, then halves onto
// halves; squares likewise by vector modulo 256. matrix-columns.wgsl sums in the same order, so that a token is the same alone and in a
// batch. f32 accumulation; tolerance against float64, of x as it is staged: NMSE 1e-10. Host: worker/llm/kernels/matrix-vector.ts
// (always; no features needed).
// TILE_VECTORS, by the host: 1024, or 512 where workgroup memory is less than 32 KiB.
const TILE_UNITS = TILE_VECTORS / UNIT_VECTORS;
// Odd, so that the vectors of one unit lie in different banks.
const STRIDE = TILE_UNITS + 1u;

var<workgroup> sums: array<vec2<f32>, WORKGROUP>;
var<workgroup> squareSums: array<f32, WORKGROUP>;

// Of one unit of the tile; nothing past its end.
fn dotRaw(raw: PairRaw, first: u32, unit: u32, end: u32) -> vec2<f32> {
  if (unit >= end) {
    return vec2<f32>(0.0);
  }
  return dotPair(decodePair(raw, first + unit), stagedUnit(unit));
}

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let lanes = shape.lanes;
  let lane = index & (lanes - 1u);
  let pairsPerPass = WORKGROUP / lanes;
  let firstPair = (group.x + group.y * groups.x) * pairsPerPass * shape.passes + index / lanes;
  let units = unitCount(shape.blocks);
  let tiles = (units + TILE_UNITS - 1u) / TILE_UNITS;
  var inverseRoot = 1.0;
  for (var pass0 = 0u; pass0 < shape.passes; pass0++) {
    // Pairs past the end repeat the last one and are not stored.
    let pair = firstPair + pass0 * pairsPerPass;
    let read = min(pair, pairCount(shape.rows) - 1u);
    var sum = vec2<f32>(0.0);
    var squares = 0.0;
    for (var tile = 0u; tile < tiles; tile++) {
      let first = tile * TILE_UNITS;
      let end = min(TILE_UNITS, units - first);
      // On their way from memory while x is staged.
      var raw0 = fetchPair(read, first + min(lane, end - 1u));
      var raw1 = fetchPair(read, first + min(lane + lanes, end - 1u));
      var raw2 = fetchPair(read, first + min(lane + 2u * lanes, end - 1u));
      var raw3 = fetchPair(read, first + min(lane + 3u * lanes, end - 1u));
      workgroupBarrier();
      if (pass0 == 0u || tiles > 1u) {
        squares = stage(tile, index, squares);
        workgroupBarrier();
      }
      for (var base = 0u; base < end; base += 4u * lanes) {
        if (base > 0u) {
          raw0 = fetchPair(read, first + min(base + lane, end - 1u));
          raw1 = fetchPair(read, first + min(base + lane + lanes, end - 1u));
          raw2 = fetchPair(read, first + min(base + lane + 2u * lanes, end - 1u));
          raw3 = fetchPair(read, first + min(base + lane + 3u * lanes, end - 1u));
        }
        sum += dotRaw(raw0, first, base + lane, end);
        sum += dotRaw(raw1, first, base + lane + lanes, end);
        sum += dotRaw(raw2, first, base + lane + 2u * lanes, end);
        sum += dotRaw(raw3, first, base + lane + 3u * lanes, end);
      }
    }
    sums[index] = sum;
    if (pass0 == 0u && shape.normalise != 0u) {
      squareSums[index] = squares;
      for (var half = WORKGROUP / 2u; half > 0u; half /= 2u) {
        workgroupBarrier();
        if (index < half) {
          squareSums[index] += squareSums[index + half];
        }
      }
    }
    for (var half = lanes / 2u; half > 0u; half /= 2u) {
      workgroupBarrier();
      if (lane < half) {
        sums[index] += sums[index + half];
      }
    }
    workgroupBarrier();
    if (lane == 0u && pair < pairCount(shape.rows)) {
      if (shape.normalise != 0u) {
        inverseRoot = inverseSqrt(squareSums[0] / f32(shape.columns) + shape.epsilon);
      }
      storePair(0u, pair, sums[index] * inverseRoot);
    }
  }
}
