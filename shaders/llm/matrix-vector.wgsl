// y[offset + r] (+)= sum_k W[r][k] * x[k]; with `normalise` also RMSNorm of x first: y = W (x * g) / sqrt(mean(x^2) + epsilon),
// the sum of squares taken on the way; with a soft cap c the result becomes c tanh(result / c). One token (decode). `lanes` invocations share four rows (x is loaded once for them), each
// striding over units of 16 weight bytes, then a tree over workgroup memory. x: [blocks * 32], zero past `columns`. f32 accumulation;
// tolerance against float64: NMSE 1e-10. Host: worker/llm/kernels/matrix-vector.ts (always; f32 variant, no features needed).
struct Shape {
  rows: u32,
  blocks: u32,
  columns: u32,
  outputOffset: u32,
  normalise: u32,
  // 0 replace, 1 add.
  combine: u32,
  // A power of two up to 32; by uniform, so that one pipeline serves every shape.
  lanes: u32,
  epsilon: f32,
  // 0 without.
  softCap: f32,
}
const WORKGROUP = 64u;

@group(0) @binding(0) var<uniform> shape: Shape;
@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> gain: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;

var<workgroup> sums: array<vec4<f32>, WORKGROUP>;
var<workgroup> squareSums: array<f32, WORKGROUP>;

@compute @workgroup_size(WORKGROUP)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let lane = index % shape.lanes;
  let row = ((group.x + group.y * groups.x) * (WORKGROUP / shape.lanes) + index / shape.lanes) * 4u;
  var sum = vec4<f32>(0.0);
  var squares = 0.0;
  if (row < shape.rows) {
    // Rows past the end repeat the last one and are not stored.
    let last = shape.rows - 1u;
    let row1 = min(row + 1u, last);
    let row2 = min(row + 2u, last);
    let row3 = min(row + 3u, last);
    let units = weightUnits(shape.blocks);
    for (var unit = lane; unit < units; unit += shape.lanes) {
      var values: WeightUnit;
      for (var i = 0u; i < WEIGHT_UNIT_VECTORS; i++) {
        var value = x[unit * WEIGHT_UNIT_VECTORS + i];
        if (shape.normalise != 0u) {
          squares += dot(value, value);
          value *= gain[unit * WEIGHT_UNIT_VECTORS + i];
        }
        values[i] = value;
      }
      sum += vec4<f32>(
        weightDot(row, unit, shape.blocks, values),
        weightDot(row1, unit, shape.blocks, values),
        weightDot(row2, unit, shape.blocks, values),
        weightDot(row3, unit, shape.blocks, values),
      );
    }
  }
  sums[index] = sum;
  squareSums[index] = squares;
  for (var half = shape.lanes / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      sums[index] += sums[index + half];
      squareSums[index] += squareSums[index + half];
    }
  }
  if (lane == 0u) {
    var result = sums[index];
    if (shape.normalise != 0u) {
      result *= inverseSqrt(squareSums[index] / f32(shape.columns) + shape.epsilon);
    }
    for (var i = 0u; i < 4u && row + i < shape.rows; i++) {
      let target0 = shape.outputOffset + row + i;
      if (shape.combine == 1u) {
        y[target0] += result[i];
      } else {
        y[target0] = softCap(result[i], shape.softCap);
      }
    }
  }
}
