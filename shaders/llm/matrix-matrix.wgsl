// result = sum_k W[r][k] * X[t][k], with `normalise` after RMSNorm of each X[t] (its sum of squares is taken while the tiles pass by). What
// becomes of a result is in matrix-result.wgsl. Many tokens (prefill). One pipeline serves all of these: a workgroup array is zeroed by
// generated code, which some drivers take a second to compile. A workgroup of 64 makes a square tile of 32 or 64 rows and tokens, in named
// registers 4 x 4 or 8 x 8 per invocation: the large one reads workgroup memory half as often, the small one is for few tokens. 32 columns a
// step, weights dequantised once per tile, as WeightVector: vec4<f32>, or vec4<f16> where half precision is wanted (activations stay f32,
// which cannot overflow). The sum runs over the columns in order whatever the tile: a token's numbers are the same in any batch.
// X: [chunk][blocks * 32], zero past `columns`, chunk a multiple of the tile (rows past the last token are read, never written).
// f32 accumulation; tolerance against float64: NMSE 1e-10, with f16 weights 1e-6.
// The host writes the constants and the lines at //@: a register cannot be indexed. Host: worker/llm/kernels/matrix-matrix.ts
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;

const TILE = TILE_QUADS * 4u;
const OWN_QUADS = TILE_QUADS / 8u;
const OWN_SUMS = OWN_QUADS * OWN_QUADS * 4u;

// [column][row / 4] and [column][token / 4].
var<workgroup> weightTile: array<WeightVector, 32u * TILE_QUADS>;
var<workgroup> inputTile: array<vec4<f32>, 32u * TILE_QUADS>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let rowBase = group.x * TILE;
  let tokenBase = group.y * TILE;
  // Of the invocation's sums; it has others 32 rows and tokens further where the tile is large.
  // Neighbours by the first bit share rows and by the second tokens, so that a read of 16 bytes each meets every bank once.
  let rowQuad = (index / 2u) % 2u + ((index / 8u) % 4u) * 2u;
  let tokenQuad = index % 2u + ((index / 4u) % 2u) * 2u + (index / 32u) * 4u;
  // Past the end: they load and wait, but do not sum.
  let isIdle = tokenBase + tokenQuad * 4u >= batch.x;
  //@ declare

  for (var block = 0u; block < shape.blocks; block++) {
    //@ load
    for (var unit = index; unit < TILE * UNITS_PER_BLOCK; unit += 64u) {
      let row = unit % TILE;
      let part = unit / TILE;
      let weights = weightLoad(min(rowBase + row, shape.rows - 1u), block * UNITS_PER_BLOCK + part, shape.blocks);
      for (var i = 0u; i < WEIGHT_UNIT_VECTORS; i++) {
        let place = (part * WEIGHT_UNIT_VECTORS + i) * 4u * TILE_QUADS + row / 4u;
        let component = row % 4u;
        let vector = toWeightVector(weights[i]);
        weightTile[place][component] = vector.x;
        weightTile[place + TILE_QUADS][component] = vector.y;
        weightTile[place + 2u * TILE_QUADS][component] = vector.z;
        weightTile[place + 3u * TILE_QUADS][component] = vector.w;
      }
    }
    workgroupBarrier();
    if (!isIdle) {
      for (var column = 0u; column < 32u; column++) {
        //@ multiply
      }
    }
    workgroupBarrier();
  }

  var scales: array<vec4<f32>, OWN_QUADS>;
  for (var i = 0u; i < OWN_QUADS; i++) {
    scales[i] = vec4<f32>(1.0);
  }
  if (shape.normalise != 0u) {
    //@ squares
    workgroupBarrier();
    for (var i = 0u; i < OWN_QUADS; i++) {
      var total = vec4<f32>(0.0);
      for (var vector = 0u; vector < 8u; vector++) {
        total += inputTile[vector * TILE_QUADS + tokenQuad + i * 8u];
      }
      scales[i] = inverseSqrt(total / f32(shape.columns) + shape.epsilon);
    }
  }
  //@ results
  for (var i = 0u; i < OWN_SUMS; i++) {
    // [own token quad][token in it][own row quad].
    let quad = i / (4u * OWN_QUADS);
    let inside = (i / OWN_QUADS) % 4u;
    let token = tokenBase + (tokenQuad + quad * 8u) * 4u + inside;
    if (token < batch.x) {
      writeResults(rowBase + (rowQuad + (i % OWN_QUADS) * 8u) * 4u, token, results[i] * scales[quad][inside]);
    }
  }
}

// Four columns of four tokens into the tile, multiplied by the gain where there is one; their squares per token.
fn loadInputs(unit: u32, tokenBase: u32, block: u32) -> vec4<f32> {
  let quad = unit % TILE_QUADS;
  let vector = unit / TILE_QUADS;
  let first = ((tokenBase + quad * 4u) * shape.blocks + block) * 8u + vector;
  let stride = shape.blocks * 8u;
  var a = x[first];
  var b = x[first + stride];
  var c = x[first + 2u * stride];
  var d = x[first + 3u * stride];
  var squares = vec4<f32>(0.0);
  if (shape.normalise != 0u) {
    squares = vec4<f32>(dot(a, a), dot(b, b), dot(c, c), dot(d, d));
    let factors = gain[block * 8u + vector];
    a *= factors;
    b *= factors;
    c *= factors;
    d *= factors;
  }
  let place = vector * 4u * TILE_QUADS + quad;
  inputTile[place] = vec4<f32>(a.x, b.x, c.x, d.x);
  inputTile[place + TILE_QUADS] = vec4<f32>(a.y, b.y, c.y, d.y);
  inputTile[place + 2u * TILE_QUADS] = vec4<f32>(a.z, b.z, c.z, d.z);
  inputTile[place + 3u * TILE_QUADS] = vec4<f32>(a.w, b.w, c.w, d.w);
  return squares;
}
